//! What a power sensor's steps leave open over a window.
//!
//! A value that stays is rounded the same way in every sample, so its error grows with the time it stays; values that
//! flicker or pass are rounded anew each time.

use super::spread::Spread;
use std::collections::BTreeMap;

/// A value must stay for this many samples for its rounding to be one error rather than many.
const STAYS: usize = 5;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rounding {
    resolution: f64,
    /// For how many seconds values stayed on each step: one error each, whenever they did.
    seconds_by_step: BTreeMap<i64, f64>,
    /// Of values that did not stay.
    passing: Spread,
}

impl Rounding {
    /// From the values shown and for how many seconds each stood, in the order of time. `scatter` is what samples are known
    /// to scatter by, in the unit of the value: it holds the rounding of values that do not stay.
    pub(super) fn of(shown: &[(f64, f64)], resolution: f64, scatter: impl Fn(usize) -> f64) -> Self {
        let mut rounding = Self { resolution, ..Self::default() };
        if resolution <= 0.0 {
            return rounding;
        }
        let mut runs = shown.chunk_by(|one, next| one.0.total_cmp(&next.0).is_eq()).peekable();
        let mut before: Option<f64> = None;
        let mut index = 0;
        while let Some(run) = runs.next() {
            let value = run[0].0;
            let after = runs.peek().map(|next| next[0].0);
            // A course that passes through the value spends as long above its middle as below.
            let passes = matches!((before, after), (Some(before), Some(after)) if (before - value) * (after - value) < 0.0);
            if run.len() < STAYS || passes {
                for (offset, &(_, seconds)) in run.iter().enumerate() {
                    let known = scatter(index + offset);
                    let unknown = (resolution * resolution / 12.0 - known * known).max(0.0);
                    rounding.passing += Spread::normal(seconds * seconds * unknown);
                }
            } else {
                #[expect(clippy::cast_possible_truncation, reason = "a power in steps of its resolution is far below 2^63")]
                let step = (value / resolution).round() as i64;
                *rounding.seconds_by_step.entry(step).or_default() += run.iter().map(|sample| sample.1).sum::<f64>();
            }
            before = Some(value);
            index += run.len();
        }
        rounding
    }

    /// Of this stretch of time and the one after it.
    pub(super) fn then(mut self, next: Self) -> Self {
        for (step, seconds) in next.seconds_by_step {
            *self.seconds_by_step.entry(step).or_default() += seconds;
        }
        Self { passing: self.passing + next.passing, ..self }
    }

    /// What it leaves open.
    pub(super) fn spread(&self) -> Spread {
        self.seconds_by_step.values().fold(self.passing, |sum, seconds| sum + Spread::rectangular(seconds * self.resolution))
    }
}
