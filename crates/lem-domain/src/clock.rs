//! The one clock. Token events and sensor samples can only be joined when they were stamped by the same one.
//!
//! [`HostClock`] is the single impure thing in this crate: it stands here because two crates that do not know each
//! other (`lem-core` stamps tokens, `lem-energy` stamps samples) must read the very same clock. Nothing else in this
//! crate calls it.

use crate::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime};

/// Source of every instant in a run.
pub trait Clock: Send + Sync {
    /// The current monotonic instant.
    fn now(&self) -> Timestamp;

    /// Returns once `deadline` has come. A virtual clock gets there in no real time.
    fn sleep_until(&self, deadline: Timestamp);

    /// Wall time. It labels records; no duration is ever computed from it.
    fn wall(&self) -> SystemTime;
}

/// The host's monotonic clock (`CLOCK_MONOTONIC`): one origin for all processes of a boot, never stepped.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).expect("the monotonic clock counts up from boot");
        let nanos = u64::try_from(time.tv_nsec).expect("the kernel keeps tv_nsec in 0..1e9");
        Timestamp::from_nanos(seconds * 1_000_000_000 + nanos)
    }

    fn sleep_until(&self, deadline: Timestamp) {
        let now = self.now();
        if now < deadline {
            std::thread::sleep(Duration::from_nanos(deadline.as_nanos() - now.as_nanos()));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_clock_never_runs_backwards_and_sleeps_to_a_deadline() {
        let clock = HostClock;
        let before = clock.now();
        let deadline = before.after(Duration::from_millis(3));
        clock.sleep_until(deadline);
        assert!(clock.now() >= deadline);
        clock.sleep_until(before);
    }
}
