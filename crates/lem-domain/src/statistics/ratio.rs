//! A ratio of sums over units of repetition, and its interval.

use super::autocorrelation::{Correlation, correlation};
use super::interval::Interval;
use super::{bootstrap, jackknife};

/// One unit of repetition: a cycle, or a block of a steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// What is added up above the line, such as joules.
    pub numerator: f64,
    /// What is added up below it, such as output tokens; positive.
    pub denominator: f64,
}

/// How an interval was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Student's t on the jackknife of the logarithm.
    JackknifeT,
    /// Bootstrap of pairs in blocks, bias-corrected and accelerated.
    BlockBootstrap,
}

impl Method {
    /// The method as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JackknifeT => "jackknife_t",
            Self::BlockBootstrap => "block_bca_bootstrap",
        }
    }
}

/// A ratio and how sure the repetitions make it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioInterval {
    /// Σ numerators ÷ Σ denominators.
    pub ratio: f64,
    /// Interval of the random part at the asked confidence.
    pub interval: Interval,
    /// Standard error of the logarithm of the ratio.
    pub standard_error: f64,
    /// How the interval was found.
    pub method: Method,
    /// Number of units.
    pub n: usize,
    /// How much a unit depends on those before it; `None` where there are too few to tell.
    pub correlation: Option<Correlation>,
}

/// From this many units on the bootstrap is used; below, it covers too little.
pub(super) const BOOTSTRAP_FROM: usize = 20;

/// The ratio of sums with its interval; `None` for fewer than two units, or when a sum that is needed is not positive.
///
/// Below 20 units it is Student's t on the jackknife of the logarithm, from there on the block bootstrap.
#[must_use]
pub fn ratio_interval(units: &[Unit], confidence: f64, seed: u64) -> Option<RatioInterval> {
    let ratio = ratio_of_sums(units)?;
    let correlation = correlation(&influences(units, ratio));
    if units.len() < BOOTSTRAP_FROM {
        jackknife::interval(units, confidence, ratio, correlation)
    } else {
        bootstrap::interval(units, confidence, ratio, correlation?, seed)
    }
}

/// Σ numerators ÷ Σ denominators, when both are positive and finite.
pub(super) fn ratio_of_sums(units: &[Unit]) -> Option<f64> {
    let above: f64 = units.iter().map(|unit| unit.numerator).sum();
    let below: f64 = units.iter().map(|unit| unit.denominator).sum();
    (above > 0.0 && below > 0.0 && above.is_finite() && below.is_finite()).then(|| above / below)
}

/// What each unit adds to the logarithm of the ratio, to first order: e_i/Σe − t_i/Σt, times n.
pub(super) fn influences(units: &[Unit], ratio: f64) -> Vec<f64> {
    let below: f64 = units.iter().map(|unit| unit.denominator).sum();
    let mean = below / super::moments::f64_of(units.len());
    units.iter().map(|unit| (unit.numerator / ratio - unit.denominator) / mean).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    fn units(values: &[(f64, f64)]) -> Vec<Unit> {
        values.iter().map(|&(numerator, denominator)| Unit { numerator, denominator }).collect()
    }

    #[test]
    fn one_unit_has_no_spread_and_no_tokens_no_ratio() {
        assert_eq!(ratio_interval(&units(&[(3.0, 4.0)]), 0.95, 1), None);
        assert_eq!(ratio_interval(&units(&[(3.0, 0.0), (2.0, 0.0)]), 0.95, 1), None);
        assert_eq!(ratio_interval(&[], 0.95, 1), None);
    }

    #[test]
    fn a_ratio_is_of_sums_and_not_a_mean_of_ratios() {
        let found = ratio_interval(&units(&[(10.0, 1.0), (10.0, 9.0)]), 0.95, 1).unwrap();
        assert_eq!((found.ratio, found.method, found.n), (2.0, Method::JackknifeT, 2));
        assert!(found.interval.contains(2.0));
    }

    #[test]
    fn a_common_factor_scales_the_interval_and_a_seed_repeats_it() {
        let mut random = Random::new(5);
        let some: Vec<Unit> = (0..40).map(|_| Unit { numerator: 10.0 + random.normal(), denominator: 100.0 }).collect();
        let tenfold: Vec<Unit> = some.iter().map(|unit| Unit { numerator: 10.0 * unit.numerator, ..*unit }).collect();
        let (one, ten) = (ratio_interval(&some, 0.95, 9).unwrap(), ratio_interval(&tenfold, 0.95, 9).unwrap());
        assert_eq!(one.method, Method::BlockBootstrap);
        assert!((ten.interval.low / one.interval.low - 10.0).abs() < 1e-9 && (ten.interval.high / one.interval.high - 10.0).abs() < 1e-9);
        assert_eq!(ratio_interval(&some, 0.95, 9), Some(one));
    }

    #[test]
    fn equal_units_leave_no_width() {
        for n in [2, 19, 20, 60] {
            let found = ratio_interval(&vec![Unit { numerator: 3.0, denominator: 2.0 }; n], 0.95, 1).unwrap();
            assert!(found.interval.half_width() < 1e-12 && found.interval.contains(1.5), "n = {n}: {found:?}");
        }
    }
}
