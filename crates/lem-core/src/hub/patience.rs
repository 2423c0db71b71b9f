//! Work that must not hang: it runs on a thread of its own, and is given up when nothing is heard from it.
//!
//! hf-hub sets no time limits on its connections and offers no way to.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// How work says that it is alive: a byte arrived.
pub(super) struct Pulse<T>(Sender<News<T>>);

enum News<T> {
    Alive,
    Done(T),
}

impl<T> hf_hub::api::Progress for Pulse<T> {
    fn init(&mut self, _size: usize, _filename: &str) {
        self.beat();
    }

    fn update(&mut self, _size: usize) {
        self.beat();
    }

    fn finish(&mut self) {
        self.beat();
    }
}

impl<T> Pulse<T> {
    fn beat(&self) {
        // Nobody listens any more once the work was given up.
        let _ = self.0.send(News::Alive);
    }
}

/// Does work; `None` when nothing was heard for `limit`. Work that was given up keeps its thread until its connection
/// breaks or the process ends.
pub(super) fn with_limit<T: Send + 'static>(limit: Duration, work: impl FnOnce(Pulse<T>) -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        let outcome = work(Pulse(sender.clone()));
        // As in `Pulse::beat`.
        let _ = sender.send(News::Done(outcome));
    });
    loop {
        match receiver.recv_timeout(limit) {
            Ok(News::Alive) => {}
            Ok(News::Done(outcome)) => return Some(outcome),
            Err(RecvTimeoutError::Timeout) => return None,
            // Only a panic ends the thread without an outcome, and it goes on here.
            Err(RecvTimeoutError::Disconnected) => {
                std::panic::resume_unwind(worker.join().expect_err("a finished worker sends its outcome"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[test]
    fn work_that_shows_life_may_take_longer_than_the_limit() {
        let outcome = with_limit(LIMIT, |pulse| {
            for _ in 0..8 {
                thread::sleep(LIMIT / 4);
                pulse.beat();
            }
            "done"
        });
        assert_eq!(outcome, Some("done"));
    }

    #[test]
    fn silent_work_is_given_up() {
        let (release, wait) = mpsc::channel::<()>();
        assert_eq!(with_limit(LIMIT, move |_| wait.recv()), None);
        drop(release);
    }
}
