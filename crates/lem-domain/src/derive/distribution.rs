//! Distributions over pooled requests. Percentiles are never averaged.

/// Summary of a pooled sample, in the unit of its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    /// Number of values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n − 1); `None` for one value.
    pub standard_deviation: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest value.
    pub max: f64,
}

impl Distribution {
    /// Summarises `values`; `None` when there are none. The order does not matter.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sample counts stay far below 2^53")]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            count: values.len() as u64,
            mean,
            standard_deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
            min,
            p50: percentile(&values, 0.50),
            p90: percentile(&values, 0.90),
            p95: percentile(&values, 0.95),
            p99: percentile(&values, 0.99),
            max,
        })
    }
}

/// Percentile by linear interpolation between order statistics.
///
/// Hyndman & Fan 1996, "Sample Quantiles in Statistical Packages", definition 7 (the default of R and NumPy).
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the position lies in 0..=len-1, and lengths stay far below 2^53"
)]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_interpolate_as_numpy_does() {
        let distribution = Distribution::of(vec![4.0, 1.0, 3.0, 2.0]).expect("values");
        // numpy.percentile([1, 2, 3, 4], [50, 90, 95, 99])
        for (got, expected) in [(distribution.p50, 2.5), (distribution.p90, 3.7), (distribution.p95, 3.85), (distribution.p99, 3.97)] {
            assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
        }
        assert!((distribution.standard_deviation.expect("four values") - 1.290_994_448_735_805_6).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_no_spread_and_none_no_distribution() {
        let one = Distribution::of(vec![7.0]).expect("a value");
        assert_eq!((one.standard_deviation, one.p50, one.p99), (None, 7.0, 7.0));
        assert_eq!(Distribution::of(vec![]), None);
    }

    proptest! {
        #[test]
        fn percentiles_are_ordered_and_inside(values in prop::collection::vec(-1e6..1e6f64, 1..200)) {
            let d = Distribution::of(values).expect("values");
            prop_assert!(d.min <= d.p50 && d.p50 <= d.p90 && d.p90 <= d.p95 && d.p95 <= d.p99 && d.p99 <= d.max);
        }
    }
}
