//! When to stop: an interval that may be looked at after every repetition.

use super::interval::Interval;
use super::moments::{f64_of, mean, standard_deviation};

/// The first repetition after which a target may end the run.
pub const FIRST_LOOK: usize = 5;

/// Variance of the effects that the mixture expects, in units of the variance between repetitions. It decides for which
/// number of repetitions the interval is narrowest — here about ten — and never whether it holds.
const MIXING_VARIANCE: f64 = 4.0;

/// An interval for the mean of normal values that holds the truth at all times at once with this confidence, so that the
/// moment to stop may be chosen by looking at it.
///
/// Student's t mixed over a normal distribution of effects, the variance left out by invariance: with the prior dσ/σ the
/// ratio of marginal likelihoods is a martingale that starts at 1, and by Ville's inequality exceeds 1/α with probability
/// at most α (Lai 1976, "On confidence sequences", Annals of Statistics 4, 265; Wang & Ramdas 2025, "Anytime-valid
/// t-tests and confidence sequences for Gaussian means with unknown variance", Sequential Analysis 44, 56). The ratio is
/// the Bayes factor of Gönen et al. 2005 ("The Bayesian two-sample t test", The American Statistician 59, 252).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceSequence {
    /// Probability that the truth lies in all intervals, such as 0.95.
    pub confidence: f64,
}

/// What a look at the sequence says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// The interval is wider than asked, or it is too early.
    GoOn,
    /// The interval is as narrow as asked; it is the interval to report.
    Reached(Interval),
}

impl ConfidenceSequence {
    /// The interval after these values; `None` for so few, or so small a confidence, that it has no end.
    #[must_use]
    pub fn interval(self, values: &[f64]) -> Option<Interval> {
        let n = f64_of(values.len());
        let (mean, deviation) = (mean(values)?, standard_deviation(values)?);
        let ratio = 1.0 + n * MIXING_VARIANCE;
        // (1 + t²/ν) ÷ (1 + t²/(ν r)) = (√r ÷ α)^(2/n), solved for t²/ν.
        let bound = (ratio.sqrt() / (1.0 - self.confidence)).powf(2.0 / n);
        if bound >= ratio {
            return None;
        }
        let squared = (bound - 1.0) / (1.0 - bound / ratio);
        let half = (squared * (n - 1.0)).sqrt() * deviation / n.sqrt();
        Some(Interval { low: mean - half, high: mean + half })
    }

    /// Looks whether the logarithms of a ratio per repetition are told to within ±`target` of the ratio, from the fifth
    /// repetition on.
    #[must_use]
    pub fn look(self, logarithms: &[f64], target: f64) -> Stop {
        let interval = if logarithms.len() < FIRST_LOOK { None } else { self.interval(logarithms) };
        match interval {
            Some(interval) if interval.half_width() <= target.ln_1p() => Stop::Reached(interval),
            Some(_) | None => Stop::GoOn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Random, student_t_quantile};
    use super::*;

    const SEQUENCE: ConfidenceSequence = ConfidenceSequence { confidence: 0.95 };

    #[test]
    fn looking_at_all_times_costs_width_but_not_much() {
        let mut random = Random::new(4);
        for n in [5, 10, 20, 100, 1_000] {
            let values: Vec<f64> = (0..n).map(|_| random.normal()).collect();
            let fixed = student_t_quantile(0.975, f64_of(n - 1)) * standard_deviation(&values).unwrap() / f64_of(n).sqrt();
            let share = SEQUENCE.interval(&values).unwrap().half_width() / fixed;
            assert!((1.4..2.1).contains(&share), "n = {n}: {share}");
        }
    }

    #[test]
    fn it_is_too_early_before_the_fifth_and_done_when_nothing_varies() {
        assert_eq!(SEQUENCE.look(&[0.1; 4], 0.01), Stop::GoOn);
        assert!(matches!(SEQUENCE.look(&[0.1; 5], 0.01), Stop::Reached(interval) if interval.contains(0.1)));
        assert_eq!(SEQUENCE.look(&[0.1, 0.2, 0.1, 0.2, 0.1], 0.01), Stop::GoOn);
        assert_eq!(SEQUENCE.interval(&[0.1]), None);
    }
}
