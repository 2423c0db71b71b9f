//! A clock that moves only when told to.

use crate::clock::Clock;
use crate::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Where a virtual day begins: 2026-01-01T00:00:00Z, in seconds of Unix time.
const VIRTUAL_EPOCH_S: u64 = 1_767_225_600;

/// Simulated time. Sleeping moves it; nothing else does.
#[derive(Debug, Default)]
pub struct VirtualClock(AtomicU64);

impl VirtualClock {
    /// A clock at its origin.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, deadline: Timestamp) {
        self.0.fetch_max(deadline.as_nanos(), Ordering::SeqCst);
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(VIRTUAL_EPOCH_S) + Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sleeping_moves_it_and_never_back() {
        let clock = VirtualClock::new();
        clock.sleep_until(Timestamp::from_nanos(50));
        clock.sleep_until(Timestamp::from_nanos(20));
        assert_eq!(clock.now(), Timestamp::from_nanos(50));
    }
}
