//! Means and spreads.

/// Number of values as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "counts of units and samples stay far below 2^53")]
pub(super) fn f64_of(count: usize) -> f64 {
    count as f64
}

/// Arithmetic mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / f64_of(values.len()))
}

/// Sample standard deviation (n − 1); `None` for fewer than two values.
#[must_use]
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / f64_of(values.len() - 1)).sqrt())
}

/// Sample standard deviation ÷ mean; `None` for fewer than two values or a mean that is not positive.
#[must_use]
pub fn coefficient_of_variation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|&mean| mean > 0.0)?;
    Some(standard_deviation(values)? / mean)
}

/// The quantile of sorted values by linear interpolation between order statistics (Hyndman & Fan 1996, definition 7).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the position lies in 0..=len-1")]
pub(super) fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let position = share.clamp(0.0, 1.0) * f64_of(sorted.len() - 1);
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_by_hand() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert!((standard_deviation(&[1.0, 2.0, 6.0]).unwrap() - 7.0_f64.sqrt()).abs() < 1e-12);
        assert!((coefficient_of_variation(&[9.0, 11.0]).unwrap() - 2.0_f64.sqrt() / 10.0).abs() < 1e-12);
        assert_eq!((mean(&[]), standard_deviation(&[1.0]), coefficient_of_variation(&[-1.0, 1.0])), (None, None, None));
        assert!((quantile_of_sorted(&[1.0, 2.0, 3.0, 4.0], 0.9) - 3.7).abs() < 1e-12);
    }
}
