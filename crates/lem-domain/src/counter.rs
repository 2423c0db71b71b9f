//! Counters that only grow — until they wrap or are reset. Telling the two apart is a rule, not an assumption.

use crate::time::Timestamp;
use crate::units::{Joules, Watts};

/// What happened between two reads of a growing counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CounterStep {
    /// There was no earlier read.
    First,
    /// The counter grew by this much, possibly zero.
    Advanced(Joules),
    /// The counter passed the end of its range and in truth grew by this much.
    Wrapped(Joules),
    /// The counter was set back (driver reload, reboot): what happened in between is unknown.
    Reset,
}

/// What is known about a counter's range, to tell a wrap from a reset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CounterRange {
    /// Value at which the counter starts over from zero; `None` when it never does in practice.
    pub wraps_at: Option<Joules>,
    /// Largest plausible power. MEASUREMENT.md §4: 1.5 × the package limit, 1 kW when unknown.
    pub plausible_power: Watts,
}

impl CounterRange {
    /// Used when no package power limit is readable (MEASUREMENT.md §4).
    pub const UNKNOWN_LIMIT_POWER: Watts = Watts::new(1_000.0);

    /// Classifies the step from `earlier` to `later`.
    ///
    /// A decrease is a wrap only when the implied power is plausible *and* the reads are closer together than the
    /// time the counter takes to run through its range at that power; otherwise it is a reset (MEASUREMENT.md §4).
    #[must_use]
    pub fn step(&self, earlier: Option<(Timestamp, Joules)>, later: (Timestamp, Joules)) -> CounterStep {
        let Some((earlier_at, earlier_value)) = earlier else { return CounterStep::First };
        let (later_at, later_value) = later;
        if later_value >= earlier_value {
            return CounterStep::Advanced(later_value - earlier_value);
        }
        let Some(range) = self.wraps_at else { return CounterStep::Reset };
        let wrapped = range - earlier_value + later_value;
        let span = later_at.since(earlier_at);
        let shortest_wrap_s = range.get() / self.plausible_power.get();
        let plausible = wrapped.over(span).is_some_and(|power| power <= self.plausible_power) && span.get() < shortest_wrap_s;
        if plausible { CounterStep::Wrapped(wrapped) } else { CounterStep::Reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAPL: CounterRange = CounterRange { wraps_at: Some(Joules::new(262_144.0)), plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn the_four_steps() {
        let check = |earlier: Option<(u64, f64)>, later: (u64, f64), expected: CounterStep| {
            let earlier = earlier.map(|(second, joules)| (at(second), Joules::new(joules)));
            assert_eq!(RAPL.step(earlier, (at(later.0), Joules::new(later.1))), expected);
        };
        check(None, (0, 5.0), CounterStep::First);
        check(Some((0, 5.0)), (1, 5.0), CounterStep::Advanced(Joules::new(0.0)));
        check(Some((0, 5.0)), (1, 70.0), CounterStep::Advanced(Joules::new(65.0)));
        check(Some((0, 262_100.0)), (1, 56.0), CounterStep::Wrapped(Joules::new(100.0)));
        // 262 kJ in a second is no wrap.
        check(Some((0, 5.0)), (1, 4.0), CounterStep::Reset);
        // Long enough apart that it could have wrapped twice.
        check(Some((0, 262_100.0)), (300, 56.0), CounterStep::Reset);
    }

    #[test]
    fn a_counter_that_never_wraps_was_reset() {
        let nvml = CounterRange { wraps_at: None, ..RAPL };
        assert_eq!(nvml.step(Some((at(0), Joules::new(9.0))), (at(1), Joules::new(0.0))), CounterStep::Reset);
    }

    proptest! {
        #[test]
        fn a_wrapping_counter_loses_nothing(start in 0.0..262_144.0f64, power in 0.0..900.0f64, steps in 1u64..200) {
            let mut total = 0.0;
            let mut last = None;
            for second in 0..=steps {
                #[expect(clippy::cast_precision_loss, reason = "at most 200")]
                let raw = (start + power * second as f64) % 262_144.0;
                let read = (at(second), Joules::new(raw));
                match RAPL.step(last, read) {
                    CounterStep::First => {}
                    CounterStep::Advanced(step) | CounterStep::Wrapped(step) => total += step.get(),
                    CounterStep::Reset => prop_assert!(false, "reset at {second}"),
                }
                last = Some(read);
            }
            #[expect(clippy::cast_precision_loss, reason = "at most 200")]
            let truth = power * steps as f64;
            prop_assert!((total - truth).abs() < 1e-6 * truth.max(1.0));
        }
    }
}
