//! Medians, with intervals that assume nothing about how the rounds scatter.

/// Confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// Below this many rounds not even the whole range is a 95 % interval of the median.
pub(super) const FEWEST_ROUNDS: u32 = 6;

/// A median and an interval that holds the true one in at least 95 % of such runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Median {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Median {
    /// `None` when there are too few values for the interval.
    ///
    /// The interval goes from the k-th smallest to the k-th largest of n values. It misses the true median when fewer
    /// than k values lie on one side of it, which a binomial distribution with n and ½ tells; for 9 values k is 2, and
    /// the interval holds in 96.1 %. Conover 1999, "Practical Nonparametric Statistics", section 3.2.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let outside = left_out(values.len())?;
        let middle = values.len() / 2;
        let value = if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        Some(Self { value, low: values[outside], high: values[values.len() - 1 - outside] })
    }

    /// Whether the interval reaches `target`.
    pub(super) fn reaches(self, target: f64) -> bool {
        self.high >= target
    }
}

/// How many of `n` sorted values may lie outside the interval on each side: k − 1.
fn left_out(n: usize) -> Option<usize> {
    let n = u32::try_from(n).ok()?;
    let (mut outside, mut term, mut tail) = (None, 0.5_f64.powi(i32::try_from(n).ok()?), 0.0);
    for below in 0..n {
        tail += term;
        if 1.0 - 2.0 * tail < CONFIDENCE {
            break;
        }
        outside = usize::try_from(below).ok();
        term *= f64::from(n - below) / f64::from(below + 1);
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: Option<(f64, f64, f64)>) {
        let median = Median::of(values.to_vec()).map(|median| (median.value, median.low, median.high));
        assert_eq!(median, expected, "{values:?}");
    }

    #[test]
    fn one_round_that_was_disturbed_does_not_widen_nine() {
        check(&[2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 90.0], Some((2.4, 2.1, 2.7)));
    }

    #[test]
    fn an_even_number_takes_the_middle_of_the_middle_two() {
        check(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0], Some((3.5, 1.0, 6.0)));
    }

    #[test]
    fn five_rounds_are_too_few() {
        check(&[1.0; 5], None);
        check(&[], None);
    }

    /// Table of Conover's book: n, and how many are left out on each side at 95 %.
    #[test]
    fn as_many_are_left_out_as_the_tables_say() {
        for (n, expected) in [(6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (20, 5), (25, 7)] {
            assert_eq!(left_out(n), Some(expected), "{n}");
        }
    }

    #[test]
    fn a_target_is_reached_by_the_interval_and_not_by_the_median_alone() {
        let median = Median { value: 1.4, low: 1.3, high: 1.5 };
        assert!(median.reaches(1.5) && !median.reaches(1.51));
    }
}
