//! Few units: Student's t on the jackknife of the logarithm of the ratio.

use super::autocorrelation::Correlation;
use super::interval::Interval;
use super::moments::f64_of;
use super::quantile::student_t_quantile;
use super::ratio::{Method, RatioInterval, Unit};

/// The interval with n − 1 degrees of freedom.
///
/// Leaving one unit out at a time (Tukey 1958) gives the standard error of any smooth function of sums; the logarithm
/// makes the distribution of a ratio nearly symmetrical (Efron & Tibshirani 1993, "An Introduction to the Bootstrap",
/// chapter 11).
pub(super) fn interval(units: &[Unit], confidence: f64, ratio: f64, correlation: Option<Correlation>) -> Option<RatioInterval> {
    let n = f64_of(units.len());
    if units.len() < 2 {
        return None;
    }
    let without: Vec<f64> = without_each(units)?;
    let mean = without.iter().sum::<f64>() / n;
    let squares: f64 = without.iter().map(|value| (value - mean).powi(2)).sum();
    let standard_error = (squares * (n - 1.0) / n).sqrt();
    let half = student_t_quantile(0.5 + 0.5 * confidence, n - 1.0) * standard_error;
    let centre = ratio.ln();
    let interval = Interval { low: centre - half, high: centre + half }.exp();
    Some(RatioInterval { ratio, interval, standard_error, method: Method::JackknifeT, n: units.len(), correlation })
}

/// Logarithm of the ratio without each unit in turn; `None` when one unit holds all there is.
fn without_each(units: &[Unit]) -> Option<Vec<f64>> {
    let above: f64 = units.iter().map(|unit| unit.numerator).sum();
    let below: f64 = units.iter().map(|unit| unit.denominator).sum();
    let rest = units.iter().map(|unit| (above - unit.numerator, below - unit.denominator));
    rest.map(|(above, below)| (above > 0.0 && below > 0.0).then(|| (above / below).ln())).collect()
}
