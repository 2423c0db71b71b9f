//! The one clock of these tasks.

use std::time::{Duration, Instant};

/// Measures from the moment it is started.
pub(crate) struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "xtask depends on no crate of the project, so it cannot take a lem_domain::Clock")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
