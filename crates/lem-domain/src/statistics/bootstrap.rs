//! Many units: the paired block bootstrap, bias-corrected and accelerated.

use super::autocorrelation::Correlation;
use super::blocks;
use super::interval::Interval;
use super::moments::{f64_of, quantile_of_sorted, standard_deviation};
use super::quantile::{normal_probability, normal_quantile, student_t_quantile};
use super::random::Random;
use super::ratio::{Method, RatioInterval, Unit, influences};

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// The interval of the logarithm of the ratio, from circular blocks of units (Politis & Romano 1992), at the levels of
/// BCa (Efron 1987, "Better bootstrap confidence intervals", JASA 82, 171).
///
/// A bootstrap of few or dependent units is too narrow: it divides by n instead of n − 1, knows no degrees of freedom,
/// and cuts dependence off at the ends of its blocks. The interval is therefore stretched about the ratio, as Hesterberg
/// 2015 ("What teachers should know about the bootstrap", The American Statistician 69, 371) does for independent units:
/// by Student's quantile over the normal one, and by the standard error that the autocorrelation time asks for over the
/// one that the resamples show, where that is more.
pub(super) fn interval(units: &[Unit], confidence: f64, ratio: f64, correlation: Correlation, seed: u64) -> Option<RatioInterval> {
    let n = f64_of(units.len());
    let centre = ratio.ln();
    let influences = influences(units, ratio);
    let length = blocks::length(units.len(), correlation);
    let mut resampled = resample(units, length, &mut Random::new(seed))?;
    let seen = standard_deviation(&resampled)?;
    if seen <= 0.0 {
        let interval = Interval { low: ratio, high: ratio };
        return Some(RatioInterval {
            ratio,
            interval,
            standard_error: 0.0,
            method: Method::BlockBootstrap,
            n: units.len(),
            correlation: Some(correlation),
        });
    }
    // Dependent values scatter less about their own mean than about the true one: E s² = σ² (n − τ)/(n − 1).
    let variance = standard_deviation(&influences)?.powi(2) * (n - 1.0) / (n - correlation.time).max(1.0);
    let standard_error = (variance * correlation.time / n).sqrt().max(seen);
    resampled.sort_by(f64::total_cmp);
    let upper = 0.5 + 0.5 * confidence;
    let degrees = (correlation.effective - 1.0).max(1.0);
    let stretch = standard_error / seen * student_t_quantile(upper, degrees) / normal_quantile(upper);
    let below = resampled.partition_point(|&value| value < centre);
    let equal = resampled.partition_point(|&value| value <= centre) - below;
    let share = (f64_of(below) + 0.5 * f64_of(equal)) / f64_of(resampled.len());
    let bias = normal_quantile(share.clamp(0.5 / f64_of(RESAMPLES), 1.0 - 0.5 / f64_of(RESAMPLES)));
    let acceleration = acceleration(&influences, length);
    let end = |z: f64| {
        let moved = bias + (bias + z) / (1.0 - acceleration * (bias + z));
        centre + stretch * (quantile_of_sorted(&resampled, normal_probability(moved)) - centre)
    };
    let z = normal_quantile(upper);
    let interval = Interval { low: end(-z).min(centre), high: end(z).max(centre) }.exp();
    Some(RatioInterval { ratio, interval, standard_error, method: Method::BlockBootstrap, n: units.len(), correlation: Some(correlation) })
}

/// Logarithms of the ratio of resampled units; `None` when a resample has nothing above or below the line.
fn resample(units: &[Unit], length: usize, random: &mut Random) -> Option<Vec<f64>> {
    (0..RESAMPLES)
        .map(|_| {
            let (mut above, mut below) = (0.0, 0.0);
            blocks::draw(units.len(), length, random, |index| {
                above += units[index].numerator;
                below += units[index].denominator;
            });
            (above > 0.0 && below > 0.0).then(|| (above / below).ln())
        })
        .collect()
}

/// Skewness of what blocks add, Σ u³ ÷ 6 (Σ u²)^1.5 (Efron 1987, with influences in place of a jackknife).
fn acceleration(influences: &[f64], length: usize) -> f64 {
    let sums = influences.chunks(length).map(|block| block.iter().sum::<f64>());
    let (squares, cubes) = sums.fold((0.0, 0.0), |(squares, cubes), sum| (squares + sum * sum, cubes + sum * sum * sum));
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}
