//! From an interval to a verdict.

use super::comparison::Comparison;
use super::interval::Interval;

/// How much may differ and still be called the same, as a share of the figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin(pub f64);

impl Margin {
    /// Effects within the margin, as logarithms of a ratio; the same both ways.
    #[must_use]
    pub fn interval(self) -> Interval {
        let bound = self.0.ln_1p();
        Interval { low: -bound, high: bound }
    }
}

/// What a comparison says of B against A, where less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// B takes less.
    Better,
    /// B takes the same, to within the margin.
    Same,
    /// The interval holds both a difference that matters and none.
    Ambiguous,
    /// B takes more.
    Worse,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: &'static [Self] = &[Self::Better, Self::Same, Self::Ambiguous, Self::Worse];

    /// The verdict as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Same => "same",
            Self::Ambiguous => "ambiguous",
            Self::Worse => "worse",
        }
    }
}

/// The verdicts of a family of comparisons at a family-wise confidence, and the probabilities they rest on.
///
/// Better and worse by Holm's procedure; same by the interval at the confidence that each of the family would need alone
/// (Bonferroni), which must lie within the margin. One comparison is a family of one, and then both are the plain rule:
/// same when the interval lies within the margin, better or worse when it leaves out zero, else ambiguous.
#[must_use]
pub fn judge(comparisons: &[Comparison], margin: Margin, confidence: f64) -> Vec<(Verdict, f64)> {
    let size = super::moments::f64_of(comparisons.len());
    let probabilities: Vec<f64> = comparisons.iter().map(Comparison::probability).collect();
    let adjusted = holm(&probabilities);
    comparisons
        .iter()
        .zip(adjusted)
        .map(|(comparison, probability)| {
            let alone = comparison.interval(1.0 - (1.0 - confidence) / size);
            let verdict = if alone.is_inside(margin.interval()) {
                Verdict::Same
            } else if probability > 1.0 - confidence || comparison.interval(confidence).is_inside(margin.interval()) {
                Verdict::Ambiguous
            } else if comparison.effect < 0.0 {
                Verdict::Better
            } else {
                Verdict::Worse
            };
            (verdict, probability)
        })
        .collect()
}

/// Probabilities adjusted for how many were looked at (Holm 1979, "A simple sequentially rejective multiple test
/// procedure", Scandinavian Journal of Statistics 6, 65), in the order given.
#[must_use]
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&one, &other| probabilities[one].total_cmp(&probabilities[other]));
    let mut adjusted = vec![0.0; probabilities.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max(probabilities[index] * super::moments::f64_of(probabilities.len() - rank)).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::comparison::Design;
    use super::*;

    /// By hand: 4 × 0.005, 3 × 0.01, 2 × 0.03, and 0.04 no less than the one before.
    #[test]
    fn the_smallest_probability_is_adjusted_most() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - expected).abs() < 1e-12, "{adjusted:?}");
        }
    }

    fn comparison(effect: f64, standard_error: f64) -> Comparison {
        Comparison {
            effect,
            standard_error,
            degrees: 1_000.0,
            systematic: 0.0,
            design: Design::Interleaved { blocks: 5 },
            covariates: Vec::new(),
            n: [10, 10],
        }
    }

    #[test]
    fn a_verdict_follows_from_interval_and_margin() {
        let check = |effect, error, expected| {
            assert_eq!(judge(&[comparison(effect, error)], Margin(0.01), 0.95)[0].0, expected, "{effect} ± {error}");
        };
        check(0.0, 0.002, Verdict::Same);
        check(0.004, 0.001, Verdict::Same);
        check(0.05, 0.01, Verdict::Worse);
        check(-0.05, 0.01, Verdict::Better);
        check(0.012, 0.003, Verdict::Worse);
        check(0.0, 0.02, Verdict::Ambiguous);
        check(0.02, 0.02, Verdict::Ambiguous);
    }

    #[test]
    fn a_large_family_needs_more_to_crown_a_cell() {
        let alone = judge(&[comparison(-0.025, 0.01)], Margin(0.01), 0.95);
        assert_eq!(alone[0].0, Verdict::Better);
        let mut family = vec![comparison(-0.025, 0.01)];
        family.extend((0..39).map(|_| comparison(0.0, 0.01)));
        assert_eq!(judge(&family, Margin(0.01), 0.95)[0].0, Verdict::Ambiguous);
    }
}
