//! Is B better than A? The effect as a logarithm of a ratio, with what it rests on.

use super::autocorrelation::correlation;
use super::interval::Interval;
use super::least_squares::{Fit, least_squares};
use super::moments::{f64_of, mean, standard_deviation};
use super::quantile::{student_t_quantile, student_t_two_sided};
use crate::uncertainty::Uncertainty;

/// Which of the two a repetition belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arm {
    /// What is compared with.
    A,
    /// What is judged.
    B,
}

/// One repetition of one of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Which.
    pub arm: Arm,
    /// Logarithm of the figure, such as of joules per output token.
    pub logarithm: f64,
    /// Temperature of the device just before the repetition began, in degrees, where one is read.
    pub temperature: Option<f64>,
}

/// In which order repetitions ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Both in turn, so that what drifts meets both.
    Interleaved {
        /// Groups of neighbours with as many of one as of the other.
        blocks: usize,
    },
    /// One after the other: what drifted between them looks like an effect.
    Separate,
}

/// What was taken out of the effect. Only what was there before a repetition began can be: what happened in it belongs to
/// the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariate {
    /// Place in the order of the run.
    Position,
    /// Temperature before the repetition.
    Temperature,
}

impl Covariate {
    /// The covariate as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Temperature => "temperature",
        }
    }
}

/// The effect of B against A.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Logarithm of the ratio B ÷ A.
    pub effect: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees: f64,
    /// Half-width of what repetition does not shrink: drift between the two where they ran one after the other, and
    /// whatever callers add, such as the gains of two different sensors.
    pub systematic: f64,
    /// In which order repetitions ran.
    pub design: Design,
    /// What was taken out of the effect.
    pub covariates: Vec<Covariate>,
    /// Repetitions of A and of B.
    pub n: [usize; 2],
}

impl Comparison {
    /// The interval of the effect at a confidence, systematic part included.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = student_t_quantile(0.5 + 0.5 * confidence, self.degrees) * self.standard_error;
        Interval { low: self.effect - half, high: self.effect + half }.widened(self.effect, self.systematic)
    }

    /// How probable an effect at least as large is when there is none.
    ///
    /// The systematic part counts as a standard error of half its size, as the interval counts it at 95 %.
    #[must_use]
    pub fn probability(&self) -> f64 {
        let error = self.standard_error.hypot(self.systematic / student_t_quantile(0.975, self.degrees));
        if error > 0.0 {
            student_t_two_sided(self.effect / error, self.degrees)
        } else if self.effect == 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

/// Compares repetitions, given in the order of time; `None` when one arm has fewer than two, or their spread cannot be
/// told from the effect.
///
/// Repetitions that ran in turn are compared within blocks of neighbours, place in the order and temperature taken out
/// where enough repetitions are left to tell. Repetitions that ran one after the other are compared by Welch's t, and the
/// interval is widened by the drift that both of them show within themselves, because as much may lie between them.
#[must_use]
pub fn compare(observations: &[Observation]) -> Option<Comparison> {
    let n = [Arm::A, Arm::B].map(|arm| observations.iter().filter(|observation| observation.arm == arm).count());
    if n.iter().any(|&count| count < 2) {
        return None;
    }
    let changes = observations.windows(2).filter(|pair| pair[0].arm != pair[1].arm).count();
    if changes > 1 { interleaved(observations, &blocks(observations), n) } else { separate(observations, n) }
}

/// Groups of four or more neighbours with as many of A as of B, such as ABBA; the rest is the last block.
///
/// Pairs would be smaller, but in a run of nothing but AB their order could not be told from the effect.
fn blocks(observations: &[Observation]) -> Vec<std::ops::Range<usize>> {
    const SMALLEST: usize = 4;
    let mut blocks = Vec::new();
    let (mut start, mut ahead) = (0, 0_i64);
    for (index, observation) in observations.iter().enumerate() {
        ahead += if observation.arm == Arm::A { 1 } else { -1 };
        if ahead == 0 && index + 1 - start >= SMALLEST {
            blocks.push(start..index + 1);
            start = index + 1;
        }
    }
    if start < observations.len() {
        blocks.push(start..observations.len());
    }
    blocks
}

fn interleaved(observations: &[Observation], blocks: &[std::ops::Range<usize>], n: [usize; 2]) -> Option<Comparison> {
    let n_rows = observations.len();
    let effect: Vec<f64> = observations.iter().map(|observation| if observation.arm == Arm::B { 0.5 } else { -0.5 }).collect();
    let level = |block: &std::ops::Range<usize>| (0..n_rows).map(|row| if block.contains(&row) { 1.0 } else { 0.0 }).collect();
    let base: Vec<Vec<f64>> = std::iter::once(effect).chain(blocks.iter().map(level)).collect();
    let observed: Vec<f64> = observations.iter().map(|observation| observation.logarithm).collect();
    let mut columns = base;
    let mut covariates = Vec::new();
    let position: Vec<f64> = (0..n_rows).map(|row| f64_of(row) - 0.5 * f64_of(n_rows)).collect();
    let temperature = observations.iter().map(|observation| observation.temperature).collect::<Option<Vec<f64>>>();
    let candidates = [(Covariate::Position, Some(position), 1), (Covariate::Temperature, temperature, DEGREES_FOR_TEMPERATURE)];
    for (covariate, column, degrees_left) in candidates {
        let Some(column) = column else { continue };
        columns.push(column);
        // A column that others make up tells nothing, and one that takes the last degrees of freedom takes the interval.
        if least_squares(&columns, &observed).is_ok_and(|fit| fit.degrees >= degrees_left) {
            covariates.push(covariate);
        } else {
            columns.pop();
        }
    }
    let Fit { coefficients, standard_errors, degrees, .. } = least_squares(&columns, &observed).ok()?;
    Some(Comparison {
        effect: coefficients[0],
        standard_error: standard_errors[0],
        degrees: f64_of(degrees),
        systematic: 0.0,
        design: Design::Interleaved { blocks: blocks.len() },
        covariates,
        n,
    })
}

/// Degrees of freedom that must be left for the temperature to be taken out.
const DEGREES_FOR_TEMPERATURE: usize = 4;

fn separate(observations: &[Observation], n: [usize; 2]) -> Option<Comparison> {
    let arms = [Arm::A, Arm::B].map(|arm| {
        observations.iter().filter(|observation| observation.arm == arm).map(|observation| observation.logarithm).collect::<Vec<f64>>()
    });
    let [of_a, of_b] = [Sample::of(&arms[0])?, Sample::of(&arms[1])?];
    let variance = of_a.variance + of_b.variance;
    // Welch & Satterthwaite: degrees of freedom of a sum of two variances.
    let degrees = if variance > 0.0 {
        variance.powi(2) / (of_a.variance.powi(2) / of_a.degrees + of_b.variance.powi(2) / of_b.degrees)
    } else {
        of_a.degrees + of_b.degrees
    };
    Some(Comparison {
        effect: of_b.mean - of_a.mean,
        standard_error: variance.sqrt(),
        degrees,
        systematic: Uncertainty::COVERAGE_FACTOR * Uncertainty::rectangular(of_a.drift + of_b.drift),
        design: Design::Separate,
        covariates: Vec::new(),
        n,
    })
}

/// The repetitions of one arm, on their own.
struct Sample {
    mean: f64,
    /// Of the mean.
    variance: f64,
    degrees: f64,
    /// How far a straight line moves from the first repetition to the last.
    drift: f64,
}

impl Sample {
    fn of(values: &[f64]) -> Option<Self> {
        let n = f64_of(values.len());
        let time = correlation(values).map_or(1.0, |correlation| correlation.time);
        let variance = standard_deviation(values)?.powi(2) * time / n;
        let place = |index: usize| f64_of(index) - 0.5 * (n - 1.0);
        let above: f64 = values.iter().enumerate().map(|(index, value)| place(index) * value).sum();
        let below: f64 = (0..values.len()).map(|index| place(index).powi(2)).sum();
        Some(Self { mean: mean(values)?, variance, degrees: (n / time - 1.0).max(1.0), drift: (above / below).abs() * (n - 1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(order: &str, value: impl Fn(usize, Arm) -> f64) -> Vec<Observation> {
        let arm = |letter| if letter == 'A' { Arm::A } else { Arm::B };
        let of = |(index, letter)| Observation { arm: arm(letter), logarithm: value(index, arm(letter)), temperature: None };
        order.chars().enumerate().map(of).collect()
    }

    /// A little scatter that no model explains.
    fn jitter(index: usize) -> f64 {
        1e-4 * f64_of(index * 7 % 5)
    }

    #[test]
    fn the_order_decides_the_design() {
        let design = |order: &str| compare(&run(order, |index, _| jitter(index))).map(|comparison| comparison.design);
        assert_eq!(design("ABBAABBA"), Some(Design::Interleaved { blocks: 2 }));
        assert_eq!(design("ABBA"), Some(Design::Interleaved { blocks: 1 }));
        assert_eq!(design("ABBABAAB"), Some(Design::Interleaved { blocks: 2 }));
        assert_eq!(design("ABABAB"), Some(Design::Interleaved { blocks: 2 }));
        assert_eq!(design("ABAB"), Some(Design::Interleaved { blocks: 1 }));
        assert_eq!(design("AAABBBAAABBB"), Some(Design::Interleaved { blocks: 2 }));
        assert_eq!(design("AAABBB"), Some(Design::Separate));
        assert_eq!(design("AB"), None);
        assert_eq!(design("AAAB"), None);
    }

    #[test]
    fn a_straight_drift_leaves_an_interleaved_effect_alone() {
        let effect = |arm| if arm == Arm::B { 0.03 } else { 0.0 };
        for order in ["ABBABAAB", "ABBAABBAABBA", "ABABABABAB"] {
            let found = compare(&run(order, |index, arm| effect(arm) + 0.01 * f64_of(index) + jitter(index))).unwrap();
            assert!((found.effect - 0.03).abs() < 2e-3, "{order}: {found:?}");
            assert_eq!(found.covariates, [Covariate::Position], "{order}");
        }
    }

    #[test]
    fn a_drift_between_separate_runs_widens_the_interval_over_it() {
        let found = compare(&run("AAAAAABBBBBB", |index, _| 0.01 * f64_of(index) + jitter(index))).unwrap();
        assert!(found.effect > 0.05 && found.interval(0.95).low < found.effect - found.systematic && found.systematic > 0.04, "{found:?}");
    }

    #[test]
    fn exchanging_the_arms_turns_the_effect_round() {
        let value = |index: usize, arm| jitter(index) + if arm == Arm::B { 0.02 } else { 0.0 };
        let one = compare(&run("ABBABAAB", value)).unwrap();
        let swapped: Vec<Observation> = run("ABBABAAB", value)
            .into_iter()
            .map(|observation| Observation { arm: if observation.arm == Arm::A { Arm::B } else { Arm::A }, ..observation })
            .collect();
        let other = compare(&swapped).unwrap();
        assert!((one.effect + other.effect).abs() < 1e-12 && (one.standard_error - other.standard_error).abs() < 1e-12);
    }

    #[test]
    fn the_temperature_before_a_repetition_is_taken_out_where_enough_is_left() {
        let temperature = |index: usize| 40.0 + f64_of(index * 5 % 7);
        let mut warm =
            run("ABBABAABABBA", |index, arm| jitter(index) + 0.004 * temperature(index) + if arm == Arm::B { 0.02 } else { 0.0 });
        let without = compare(&warm).unwrap();
        warm.iter_mut().enumerate().for_each(|(index, observation)| observation.temperature = Some(temperature(index)));
        let with = compare(&warm).unwrap();
        assert_eq!(with.covariates, [Covariate::Position, Covariate::Temperature]);
        assert!((with.effect - 0.02).abs() < 2e-4 && with.standard_error < 0.1 * without.standard_error, "{with:?}");
    }
}
