//! How long each phase of a calibration takes.

use crate::virtual_hardware::unit;
use std::time::Duration;

/// A calibration in less time than this would leave most figures open.
pub const SHORTEST: Duration = Duration::from_secs(40);

/// Shares of the whole: watching idle, and reading densely. The rest is for the steps.
const IDLE_SHARE: f64 = 0.17;
const DENSE_SHARE: f64 = 0.13;

/// The load is off for so long before the first step and after the last, so that a mean over a second has run out.
const LEAD: Duration = Duration::from_secs(2);

/// Steps are between these lengths. Short ones are many and tell lags; long ones let a mean over a second fill.
const SHORTEST_STEP_S: f64 = 0.4;
const LONGEST_STEP_S: f64 = 2.2;

/// The phases of a calibration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long the machine is watched idle.
    pub idle: Duration,
    /// How long sensors are read as fast as they go; with a load, half of it on and half off.
    pub dense: Duration,
    /// How long the load is off before and after the steps.
    pub lead: Duration,
    /// How long the load is on, off, on, … ; empty without a load. They end with an off.
    pub steps: Vec<Duration>,
}

impl Plan {
    /// A plan that takes about so long, margins of the sensors apart. A load takes `settling` until it draws steadily;
    /// `None` plans without one. The lengths of the steps are random, so that they have no period that a sensor could share;
    /// the same seed gives the same.
    #[must_use]
    pub fn within(total: Duration, settling: Option<Duration>, seed: u64) -> Self {
        let (idle, dense) = (total.mul_f64(IDLE_SHARE), total.mul_f64(DENSE_SHARE));
        let Some(settling) = settling else {
            return Self { idle, dense, lead: Duration::ZERO, steps: Vec::new() };
        };
        let left = total.saturating_sub(idle + dense + settling + 2 * LEAD);
        Self { idle, dense, lead: LEAD, steps: steps(left, seed) }
    }

    /// How long it takes, without the margins of the sensors and the settling of the load.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.idle + self.dense + 2 * self.lead + self.steps.iter().sum::<Duration>()
    }
}

/// Lengths that fill a time, evenly spread over the logarithm: pairs of an on and an off.
fn steps(within: Duration, seed: u64) -> Vec<Duration> {
    let length = |index: u64| {
        let log = SHORTEST_STEP_S.ln() + unit(seed, index) * (LONGEST_STEP_S / SHORTEST_STEP_S).ln();
        Duration::from_secs_f64(log.exp())
    };
    let mut steps = Vec::new();
    let mut sum = Duration::ZERO;
    for pair in 0.. {
        let [on, off] = [length(2 * pair), length(2 * pair + 1)];
        sum += on + off;
        if sum > within {
            break;
        }
        steps.extend([on, off]);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_takes_about_as_long_as_asked_and_ends_with_the_load_off() {
        for seed in 0..50 {
            for (seconds, settling) in [(40, 5), (60, 5), (120, 1)] {
                let (total, settling) = (Duration::from_secs(seconds), Duration::from_secs(settling));
                let plan = Plan::within(total, Some(settling), seed);
                let length = plan.length() + settling;
                assert!(length <= total && length + Duration::from_secs(5) > total, "{length:?} of {total:?}");
                assert!(plan.steps.len().is_multiple_of(2) && plan.steps.len() >= 6, "{plan:?}");
                assert!(plan.steps.iter().all(|step| (0.4..=2.2).contains(&step.as_secs_f64())), "{plan:?}");
            }
        }
        let without = Plan::within(Duration::from_secs(60), None, 0);
        assert!(without.steps.is_empty() && without.length() < Duration::from_secs(20), "{without:?}");
    }
}
