//! A server with known times: it speaks OpenAI's protocol, computes nothing, and fails on demand.
//!
//! # The law
//! A request starts at the instant *S* at which it has been read, or at which a place falls free for it, in order of arrival.
//! Its output token *k* = 1, 2, … is written at *S* + ttft + (*k* − 1) · itl, where each step lasts `itl_beside` longer for
//! every other request that runs when it begins. It makes as many tokens as `max_tokens` says. A token is a word of its
//! answer, and a word of a prompt is a token.

mod fault;
mod http;
mod script;
mod serve;

pub use fault::{Fault, FaultRule, UnknownFault};

use crate::inference::server::descriptors;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// What a mock server does.
#[derive(Clone, Debug, PartialEq)]
pub struct MockPlan {
    /// From the start of a request to its first token.
    pub ttft: Duration,
    /// Between two tokens.
    pub itl: Duration,
    /// How much longer a step is for every other request that runs.
    pub itl_beside: Duration,
    /// Most requests that run at once; others wait. `None` runs all.
    pub slots: Option<usize>,
    /// What goes wrong.
    pub faults: Vec<FaultRule>,
    /// The name of its model.
    pub model: String,
}

impl Default for MockPlan {
    fn default() -> Self {
        Self {
            ttft: Duration::from_millis(20),
            itl: Duration::from_millis(5),
            itl_beside: Duration::ZERO,
            slots: None,
            faults: Vec::new(),
            model: "mock".to_owned(),
        }
    }
}

/// A mock server that runs on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl MockServer {
    /// Starts one on a port of this machine; 0 takes a free one.
    ///
    /// # Errors
    /// When the port cannot be had, or no thread.
    pub fn start(plan: MockPlan, port: u16) -> io::Result<Self> {
        descriptors::raise_limit();
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("mock-server".to_owned()).spawn(move || serve::serve(listener, plan, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address up to the version.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
