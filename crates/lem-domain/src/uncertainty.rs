//! Standard uncertainty, and the intervals made of it (MEASUREMENT.md §1).

/// Standard uncertainty in the unit of its value, systematic and random parts apart.
///
/// More repetitions shrink the random part and never the systematic one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uncertainty {
    /// Standard uncertainty of effects that are the same in every repetition: gain, table values.
    pub systematic: f64,
    /// Standard uncertainty of effects that differ between repetitions: edges, quantisation.
    pub random: f64,
    /// Excess kurtosis of the random effects, without unit: 0 when they are normal, −1.2 when one rectangular effect
    /// stands alone. It decides how many standard uncertainties 95 % of them stay within.
    pub excess: f64,
}

/// Standard deviations that hold 95 % of a normal distribution, of a triangular one (excess kurtosis −0.6) and of a
/// rectangular one (−1.2): 1.960, √6 · (1 − √0.05), √3 · 0.95.
const WITHIN_95: [f64; 3] = [1.960, 1.902, 1.645];

/// Excess kurtosis of a triangular distribution, and of a rectangular one twice that.
const TRIANGULAR_EXCESS: f64 = -0.6;

impl Uncertainty {
    /// Coverage factor of the expanded uncertainty: about 95 % for a normal distribution (JCGM 100:2008, GUM §6.3.3).
    pub const COVERAGE_FACTOR: f64 = 2.0;

    /// Systematic and random standard uncertainty, the random effects being normal.
    #[must_use]
    pub const fn new(systematic: f64, random: f64) -> Self {
        Self { systematic, random, excess: 0.0 }
    }

    /// The standard uncertainty of a bound ±`half_width` about which nothing more is known.
    ///
    /// Rectangular distribution, u = a/√3 (JCGM 100:2008, GUM §4.3.7, type B).
    #[must_use]
    pub fn rectangular(half_width: f64) -> f64 {
        half_width.abs() / 3.0_f64.sqrt()
    }

    /// Combined standard uncertainty, √(systematic² + random²).
    #[must_use]
    pub fn combined(self) -> f64 {
        self.systematic.hypot(self.random)
    }

    /// Expanded uncertainty with k = 2: the figure behind the ±.
    #[must_use]
    pub fn expanded(self) -> f64 {
        Self::COVERAGE_FACTOR * self.combined()
    }

    /// Half-width of the interval that holds 95 % of the random effects alone.
    ///
    /// The factor goes with the kurtosis of the effects (Willink 2005, "A procedure for the evaluation of measurement
    /// uncertainty based on moments", Metrologia 42, 329): the parabola through the rectangular, the triangular and the
    /// normal distribution. Longer tails than normal leave it where it is: for Student's t with as few as five degrees
    /// of freedom it is 1.99 standard deviations.
    #[must_use]
    pub fn random_half_width_95(self) -> f64 {
        let [normal, triangular, rectangular] = WITHIN_95;
        let steps = (self.excess / TRIANGULAR_EXCESS).clamp(0.0, 2.0);
        let factor = normal + steps * (triangular - normal) + 0.5 * steps * (steps - 1.0) * (rectangular - 2.0 * triangular + normal);
        factor * self.random
    }

    /// The uncertainty of the value multiplied by a number known exactly.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { systematic: self.systematic * factor.abs(), random: self.random * factor.abs(), excess: self.excess }
    }

    /// The uncertainty of a sum of parts that share their systematic effects (same sensor, same table):
    /// systematic parts add up, random parts add in quadrature, their fourth cumulants add.
    #[must_use]
    pub fn sum_of_correlated(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut systematic = 0.0;
        let mut variance = 0.0;
        let mut fourth = 0.0;
        for part in parts {
            systematic += part.systematic;
            variance += part.random.powi(2);
            fourth += part.excess * part.random.powi(4);
        }
        Self { systematic, random: variance.sqrt(), excess: if variance > 0.0 { fourth / variance.powi(2) } else { 0.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repetition_never_shrinks_the_systematic_part(systematic in 0.0..10.0f64, random in 0.0..10.0f64, n in 1usize..50) {
            let sum = Uncertainty::sum_of_correlated(std::iter::repeat_n(Uncertainty::new(systematic, random), n));
            let mean = sum.scaled(1.0 / f64::from(u32::try_from(n).expect("small")));
            prop_assert!((mean.systematic - systematic).abs() < 1e-9);
            prop_assert!(mean.random <= random + 1e-9);
        }
    }

    #[test]
    fn a_rectangular_bound_is_a_over_root_three() {
        assert!((Uncertainty::rectangular(-3.0) - 3.0_f64.sqrt()).abs() < 1e-12);
        assert!((Uncertainty::new(3.0, 4.0).expanded() - 10.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_knows_the_shape_of_what_it_holds() {
        let holds = |n: usize| {
            let effect = Uncertainty { systematic: 0.0, random: 1.0, excess: -1.2 };
            let sum = Uncertainty::sum_of_correlated(std::iter::repeat_n(effect, n));
            sum.random_half_width_95() / sum.random
        };
        assert!((holds(1) - 1.645).abs() < 1e-3, "rectangular");
        assert!((holds(2) - 1.902).abs() < 1e-3, "two of them are triangular");
        assert!((1.94..1.97).contains(&holds(20)), "many are normal");
        assert!((Uncertainty::new(7.0, 1.0).random_half_width_95() - 1.96).abs() < 1e-9);
    }
}
