//! One request from its start to its end. Inside the window nothing happens here but waiting, stamping and keeping bytes.

use super::answer::Answer;
use super::transport::{Broken, Transport};
use hyper::Method;
use hyper::body::Bytes;
use lem_domain::Clock;
use lem_domain::record::RequestFailure;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The longest line of an answer. Chunks of the protocol have some hundred bytes, with probabilities some thousand.
const LONGEST_LINE: usize = 1 << 20;

/// Bytes of the message in an answer that says that it failed.
const MESSAGE: usize = 4096;

/// Bytes of answers that are kept until the window has closed.
pub(super) const HELD: usize = 256 << 20;

/// How long the rest of an answer is waited for that has said that it is over.
const FAREWELL: Duration = Duration::from_millis(20);

/// Time before the first repetition; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);

/// What all requests of a run share.
pub(super) struct Line<'a> {
    pub(super) transport: &'a Transport,
    pub(super) path: &'a str,
    pub(super) timeout: Duration,
    pub(super) retries: u32,
    pub(super) clock: &'a dyn Clock,
    /// Bytes of answers that are held.
    pub(super) held: Cell<usize>,
    /// Answers that were read before the window closed.
    pub(super) read_early: Cell<u64>,
}

impl Line<'_> {
    /// Sends a request, again where it fails without any output and that is asked for, and keeps what comes back.
    pub(super) async fn call(&self, body: Bytes, answer: &RefCell<Answer>) {
        answer.borrow_mut().scheduled = Some(self.clock.now());
        let mut pause = PAUSE;
        loop {
            let outcome = tokio::time::timeout(self.timeout, self.exchange(body.clone(), answer)).await;
            let broken = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(broken)) => Some(broken),
                Err(_elapsed) => Some(self.late(&answer.borrow())),
            };
            let is_last = broken.as_ref().is_none_or(|broken| !is_passing(broken, &answer.borrow()));
            if is_last || answer.borrow().retries >= self.retries {
                let mut answer = answer.borrow_mut();
                answer.broken = broken;
                answer.ended = Some(self.clock.now());
                break;
            }
            answer.borrow_mut().start_again();
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.keep(&mut answer.borrow_mut());
    }

    async fn exchange(&self, body: Bytes, answer: &RefCell<Answer>) -> Result<(), Broken> {
        let mut answering = self.transport.send(Method::POST, self.path, body).await?;
        answer.borrow_mut().status = Some(answering.status);
        if !(200..300).contains(&answering.status) {
            let message = answering.rest(MESSAGE).await.unwrap_or_default();
            return Err(Broken { failure: RequestFailure::Status, reason: self.message(&message) });
        }
        let mut line = 0;
        while let Some(bytes) = answering.more().await {
            let at = self.clock.now();
            let bytes = bytes?;
            let is_last = {
                let mut answer = answer.borrow_mut();
                answer.take(&bytes, at);
                is_over(&answer.raw)
            };
            line = match bytes.iter().rposition(|&byte| byte == b'\n' || byte == b'\r') {
                Some(end) => bytes.len() - end - 1,
                None => line + bytes.len(),
            };
            if line > LONGEST_LINE {
                let reason = format!("a line has more than {LONGEST_LINE} bytes");
                return Err(Broken { failure: RequestFailure::Oversized, reason });
            }
            if is_last {
                // What follows is the end of the body. A connection that is closed before it looks to the server as broken.
                let _ = tokio::time::timeout(FAREWELL, answering.rest(MESSAGE)).await;
                break;
            }
        }
        Ok(())
    }

    /// The time is over.
    fn late(&self, answer: &Answer) -> Broken {
        let silence = answer.marks.last().map(|&(last, _)| self.clock.now().since(last).get());
        let limit = self.timeout.as_secs_f64();
        match silence {
            Some(silence) if silence > limit / 2.0 => {
                Broken { failure: RequestFailure::Stalled, reason: format!("nothing came for {silence:.1} s") }
            }
            _ => Broken { failure: RequestFailure::TimedOut, reason: format!("it took more than {limit} s") },
        }
    }

    /// The message of an answer that says that it failed.
    fn message(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        let message = super::event::message(&text).unwrap_or_else(|| text.trim().to_owned());
        let message = super::event::shortened(&message);
        self.transport.key.as_ref().map_or_else(|| message.clone(), |key| key.hidden_in(&message))
    }

    /// Keeps the bytes for later, where there is room for them.
    fn keep(&self, answer: &mut Answer) {
        self.held.set(self.held.get() + answer.raw.len());
        if self.held.get() > HELD {
            self.held.set(self.held.get() - answer.raw.len());
            let reading = answer.read();
            answer.reading = Some(reading);
            self.read_early.set(self.read_early.get() + 1);
        }
    }
}

/// Whether the same request may fare better a moment later: nothing had come of it, and the server was busy or not there.
fn is_passing(broken: &Broken, answer: &Answer) -> bool {
    let busy = matches!(answer.status, Some(429 | 502 | 503 | 504));
    answer.marks.is_empty()
        && match broken.failure {
            RequestFailure::Refused | RequestFailure::Reset => true,
            RequestFailure::Status => busy,
            _ => false,
        }
}

/// Whether a stream has said that it is over.
fn is_over(raw: &[u8]) -> bool {
    raw.trim_ascii_end().ends_with(b"[DONE]") && raw.ends_with(b"\n")
}
