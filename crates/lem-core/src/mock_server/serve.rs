//! The server itself: one thread, one task for each connection.

use super::MockPlan;
use super::http::{self, Asked};
use super::script::{Break, Script};
use crate::inference::server::alarm::Alarm;
use lem_domain::{Clock, HostClock, Timestamp};
use serde_json::json;
use std::cell::Cell;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;

/// What all connections share.
struct Hall {
    plan: MockPlan,
    slots: Semaphore,
    running: Cell<u32>,
    /// Requests for output that have come.
    requests: Cell<u64>,
}

pub(super) fn serve(listener: TcpListener, plan: MockPlan, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let slots = Semaphore::new(plan.slots.unwrap_or(Semaphore::MAX_PERMITS));
    let hall = Rc::new(Hall { plan, slots, running: Cell::new(0), requests: Cell::new(0) });
    let tasks = LocalSet::new();
    runtime.block_on(tasks.run_until(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::task::spawn_local(async move {
            // One that cannot be accepted, because there are too many, is tried again when another one ends.
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let hall = Rc::clone(&hall);
                        // A client that goes away is its own affair.
                        tokio::task::spawn_local(async move { hall.connection(stream).await.ok() });
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        });
        let _ = stopped.await;
        Ok(())
    }))
}

impl Hall {
    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let Some(asked) = http::read(&mut stream).await? else { return Ok(()) };
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/v1/completions" | "/v1/chat/completions") => self.output(stream, &asked).await,
            ("GET", "/health") => http::answer(&mut stream, 200, "{\"status\":\"ok\"}").await,
            ("GET", "/version") => {
                let version = json!({ "version": concat!("mock ", env!("CARGO_PKG_VERSION")) });
                http::answer(&mut stream, 200, &version.to_string()).await
            }
            ("GET", "/v1/models") => {
                let models = json!({ "object": "list", "data": [{ "id": self.plan.model, "object": "model", "owned_by": "lem" }] });
                http::answer(&mut stream, 200, &models.to_string()).await
            }
            _ => http::answer(&mut stream, 404, "{\"detail\":\"Not Found\"}").await,
        }
    }

    /// The answer to a request for output.
    async fn output(&self, mut stream: TcpStream, asked: &Asked) -> io::Result<()> {
        let request = self.requests.replace(self.requests.get() + 1);
        let script = Script::of(&asked.path, &asked.body, &self.plan.faults, request);
        if !script.slow.is_zero() {
            tokio::time::sleep(script.slow).await;
        }
        if let Some(status) = script.status {
            return http::answer(&mut stream, status, "{\"error\":{\"message\":\"the mock server was told to fail\"}}").await;
        }
        let read = HostClock.now();
        let waited = self.slots.available_permits() == 0;
        let _slot = self.slots.acquire().await.map_err(io::Error::other)?;
        let start = if waited { HostClock.now() } else { read };
        let _running = Running::start(&self.running);
        stream.write_all(http::STREAM_HEAD).await?;
        if let Some(opening) = script.opening() {
            http::part(&mut stream, opening.as_bytes()).await?;
        }
        self.tokens(&mut stream, &script, start).await
    }

    /// Writes tokens at their instants, up to where the script breaks off.
    async fn tokens(&self, stream: &mut TcpStream, script: &Script, start: Timestamp) -> io::Result<()> {
        let alarm = Alarm::new()?;
        let mut at = start.after(self.plan.ttft);
        let mut written = 0;
        while written < script.tokens {
            if let Some((_, what)) = script.broken.filter(|&(after, _)| written >= after) {
                return break_off(stream, what).await;
            }
            let count = script.bundle.min(script.tokens - written);
            // All of a bundle come with its last token.
            (1..count).for_each(|_| at = at.after(self.step()));
            alarm.wait_until(at).await?;
            http::part(stream, script.piece(written, count).as_bytes()).await?;
            written += count;
            at = at.after(self.step());
        }
        if let Some((_, what)) = script.broken {
            return break_off(stream, what).await;
        }
        http::part(stream, script.closing().as_bytes()).await?;
        stream.write_all(http::STREAM_END).await?;
        stream.shutdown().await
    }

    fn step(&self) -> Duration {
        self.plan.itl + self.plan.itl_beside * self.running.get().saturating_sub(1)
    }
}

async fn break_off(stream: &mut TcpStream, what: Break) -> io::Result<()> {
    match what {
        Break::Reset => {
            stream.set_zero_linger()?;
            return Ok(());
        }
        Break::Short => {}
        Break::Malformed => http::part(stream, b"data: {\"choices\":[{\"text\":\n\n").await?,
        Break::Error => {
            http::part(stream, b"data: {\"error\":{\"message\":\"the mock server was told to fail\",\"code\":500}}\n\n").await?
        }
        Break::Oversized => {
            let piece = [b'x'; 65_536];
            // It ends when the client has had enough and goes.
            for _ in 0..64 {
                http::part(stream, &piece).await?;
            }
        }
        // The client goes when its time is over.
        Break::Stall => tokio::time::sleep(Duration::from_secs(3_600)).await,
    }
    stream.write_all(http::STREAM_END).await?;
    stream.shutdown().await
}

/// A request that runs.
struct Running<'a>(&'a Cell<u32>);

impl<'a> Running<'a> {
    fn start(count: &'a Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
