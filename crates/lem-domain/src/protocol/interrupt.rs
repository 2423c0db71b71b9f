//! The wish to stop, handed to whatever runs long.

use crate::clock::Clock;
use crate::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A flag that is raised once. Engines look at it between tokens and end cleanly, so that what was recorded is kept.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// How often it is looked at while nothing happens.
    pub const STEP: Duration = Duration::from_millis(100);

    /// A flag that is down.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag; safe from a signal handler's thread.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits in steps until a deadline, and calls `stepped` after each; `None` once the flag is up.
    #[must_use]
    pub fn wait_until(&self, clock: &dyn Clock, deadline: Timestamp, mut stepped: impl FnMut()) -> Option<()> {
        loop {
            if self.is_raised() {
                return None;
            }
            let now = clock.now();
            if now >= deadline {
                return Some(());
            }
            clock.sleep_until(now.after(Self::STEP).min(deadline));
            stepped();
        }
    }
}
