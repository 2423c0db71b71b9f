//! When a reader is due: absolute deadlines, so that lateness never accumulates.

use lem_domain::Timestamp;
use std::time::Duration;

/// Fractional part of the golden ratio: its multiples, taken modulo 1, fill the unit interval as evenly as any sequence
/// can (the three-distance theorem, Sós 1958).
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The longest time between two deadlines of a schedule that walks: an interval, and a step of the walk.
pub(super) fn longest_step(interval: Duration) -> Duration {
    interval.mul_f64(1.0 + GOLDEN)
}

/// Deadlines of readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    origin: Timestamp,
    /// Never zero.
    interval: Duration,
    /// Whether the deadlines walk through the phases of whatever the sensor's own period is. Reads at a fraction of the
    /// period would meet each update at the same few phases for ever and never learn when it comes; walking, each update
    /// narrows the time of all of them.
    walking: bool,
    /// How much later than a deadline its readers may be read, so as to share a wake-up.
    slack: Duration,
    n: u64,
    /// The deadline of `n`, kept because it is looked at several times in every round.
    next: Timestamp,
}

impl Schedule {
    /// A schedule whose first deadline is its origin.
    pub(crate) fn new(origin: Timestamp, interval: Duration, walking: bool) -> Self {
        Self { origin, interval: interval.max(Duration::from_nanos(1)), walking, slack: Duration::ZERO, n: 0, next: origin }
    }

    /// The same schedule, whose readers wait that long for a wake-up that comes anyway.
    pub(super) fn with_slack(self, slack: Duration) -> Self {
        Self { slack, ..self }
    }

    /// Mean time between two deadlines.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The deadline that is to be kept next.
    pub(crate) fn next(&self) -> Timestamp {
        self.next
    }

    /// When its readers must be read at the latest.
    pub(super) fn latest(&self) -> Timestamp {
        self.next.after(self.slack)
    }

    /// The next deadline was kept; those that `now` has already passed are skipped. Gives the number skipped.
    pub(crate) fn kept(&mut self, now: Timestamp) -> u64 {
        self.move_to(self.n + 1);
        let late = u128::from(now.as_nanos().saturating_sub(self.next.as_nanos()));
        let first = self.n;
        if late > 0 {
            // One short of the jump, because a walking deadline may come up to one interval late.
            let jump = u64::try_from(late / self.interval.as_nanos()).unwrap_or(u64::MAX).saturating_sub(1);
            self.move_to(self.n.saturating_add(jump));
        }
        while self.next <= now {
            self.move_to(self.n + 1);
        }
        self.n - first
    }

    fn move_to(&mut self, n: u64) {
        self.n = n;
        self.next = self.deadline(n);
    }

    /// `origin` + (n + phase) × interval. A walking phase is below 1, so two deadlines are 0.6 or 1.6 intervals apart and
    /// one interval in the mean.
    fn deadline(&self, n: u64) -> Timestamp {
        let interval = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        let steps = interval.saturating_mul(n);
        let phase = if self.walking { self.interval.mul_f64(walk(n)) } else { Duration::ZERO };
        Timestamp::from_nanos(self.origin.as_nanos().saturating_add(steps)).after(phase)
    }
}

/// The n-th point of the golden walk through [0, 1).
fn walk(n: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the walk repeats after 2^32 steps, years at 20 Hz")]
    let n = (n & 0xffff_ffff) as f64;
    (n * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn a_steady_schedule_skips_what_has_passed_and_stays_on_its_grid() {
        let mut schedule = Schedule::new(at(7), Duration::from_nanos(100), false);
        assert_eq!((schedule.next(), schedule.kept(at(8)), schedule.next()), (at(7), 0, at(107)));
        assert_eq!((schedule.kept(at(431)), schedule.next()), (3, at(507)));
        assert_eq!((schedule.kept(at(507)), schedule.next()), (0, at(607)));
    }

    proptest! {
        #[test]
        fn a_walking_schedule_keeps_its_mean_rate_never_goes_back_and_skips_nothing_to_come(
            interval in 2u64..10_000_000_000,
            lateness in prop::collection::vec(0.0..5.0f64, 1..50),
        ) {
            let mut schedule = Schedule::new(at(0), Duration::from_nanos(interval), true);
            let mut n = 0u64;
            for late in lateness {
                let due = schedule.next();
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "nanoseconds of a test")]
                let now = due.after(Duration::from_nanos((late * interval as f64) as u64));
                n += 1 + schedule.kept(now);
                prop_assert!(schedule.next() > now);
                let floor = n * interval;
                prop_assert!((floor..=floor + interval).contains(&schedule.next().as_nanos()));
            }
        }
    }

    #[test]
    fn a_walk_meets_every_phase_of_any_period() {
        // Reads at exactly half a period: a steady schedule would know two phases, this one comes close to all.
        let mut schedule = Schedule::new(at(0), Duration::from_millis(50), true);
        let mut phases: Vec<u64> = Vec::new();
        for _ in 0..64 {
            phases.push(schedule.next().as_nanos() % 100_000_000);
            schedule.kept(schedule.next());
        }
        phases.sort_unstable();
        let widest = phases.windows(2).map(|pair| pair[1] - pair[0]).max().expect("many");
        assert!(widest < 5_000_000, "{widest} ns of the period are never looked at");
    }
}
