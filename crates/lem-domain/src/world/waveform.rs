//! Power as a known function of time, with its exact integral.

use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, Seconds, Watts};
use std::time::Duration;

/// Shapes of power over time whose energy is known exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Waveform {
    /// The same power at all times.
    Flat(Watts),
    /// A straight line from one power at the clock's origin.
    Ramp {
        /// Power at the origin.
        start: Watts,
        /// Change per second, in watts.
        watts_per_second: f64,
    },
    /// `high` for the first half of every period, `low` for the second.
    Square {
        /// Power in the first half.
        high: Watts,
        /// Power in the second half.
        low: Watts,
        /// Length of both halves together.
        period: Duration,
    },
}

impl Waveform {
    /// Power at an instant.
    #[must_use]
    pub fn power_at(&self, at: Timestamp) -> Watts {
        match *self {
            Self::Flat(power) => power,
            Self::Ramp { start, watts_per_second } => start + Watts::new(watts_per_second * seconds(at)),
            Self::Square { high, low, period } => {
                let phase = u128::from(at.as_nanos()) % period.as_nanos().max(1);
                if phase * 2 < period.as_nanos() { high } else { low }
            }
        }
    }

    /// Energy over a window.
    #[must_use]
    pub fn energy_over(&self, window: TimeWindow) -> Joules {
        self.energy_to(window.end) - self.energy_to(window.start)
    }

    /// Energy from the clock's origin to an instant.
    fn energy_to(&self, at: Timestamp) -> Joules {
        let elapsed = Seconds::new(seconds(at));
        match *self {
            Self::Flat(power) => power * elapsed,
            Self::Ramp { start, watts_per_second } => start * elapsed + Joules::new(0.5 * watts_per_second * elapsed.get().powi(2)),
            Self::Square { high, low, period } => {
                let half = period.as_secs_f64() / 2.0;
                let periods = (elapsed.get() / period.as_secs_f64()).floor();
                let rest = elapsed.get() - periods * period.as_secs_f64();
                let high_s = periods * half + rest.min(half);
                high * Seconds::new(high_s) + low * Seconds::new(elapsed.get() - high_s)
            }
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp::default()).get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::Series;
    use proptest::prelude::*;

    fn any_waveform() -> impl Strategy<Value = Waveform> {
        prop_oneof![
            (0.0..800.0f64).prop_map(|watts| Waveform::Flat(Watts::new(watts))),
            (0.0..400.0f64, 0.0..40.0f64).prop_map(|(start, slope)| Waveform::Ramp { start: Watts::new(start), watts_per_second: slope }),
            (100.0..800.0f64, 0.0..100.0f64, 20u64..2_000).prop_map(|(high, low, millis)| Waveform::Square {
                high: Watts::new(high),
                low: Watts::new(low),
                period: Duration::from_millis(millis)
            }),
        ]
    }

    proptest! {
        #[test]
        fn sampled_power_integrates_to_the_known_energy(waveform in any_waveform(), start in 0u64..5_000, length in 100u64..5_000) {
            let instants = (start..=start + length).map(|millis| Timestamp::from_nanos(millis * 1_000_000));
            let window = TimeWindow {
                start: Timestamp::from_nanos(start * 1_000_000),
                end: Timestamp::from_nanos((start + length) * 1_000_000),
            };
            let series = Series::new(instants.map(|at| (at, waveform.power_at(at).get())).collect());
            let integral = series.integral(window).expect("covered");
            let truth = waveform.energy_over(window).get();
            // A 1 ms trapezoid misplaces each step of a square wave by at most half a sample.
            let steps = 2.0 + 2.0 * (window.span().get() * 1e3) / 20.0;
            prop_assert!((integral - truth).abs() <= 0.5e-3 * 800.0 * steps + 1e-6, "{integral} against {truth}");
        }
    }
}
