//! What a comparison can resolve, before it is run.

use super::moments::f64_of;
use super::quantile::student_t_quantile;

/// Probability with which an effect of the minimum size is found.
const POWER: f64 = 0.8;

/// The smallest effect that `pairs` of one A and one B each find with a probability of 80 %, when the logarithm of the
/// ratio scatters between repetitions of one of them by `deviation`; `None` for a single pair, which has no spread.
///
/// (t₁₋α⁄₂ + t₀.₈) · √2 σ ÷ √n with n − 1 degrees of freedom (Lachin 1981, "Introduction to sample size determination and
/// power analysis for clinical trials", Controlled Clinical Trials 2, 93).
#[must_use]
pub fn minimum_detectable_effect(deviation: f64, pairs: usize, confidence: f64) -> Option<f64> {
    let degrees = f64_of(pairs.checked_sub(1).filter(|&degrees| degrees > 0)?);
    let quantiles = student_t_quantile(0.5 + 0.5 * confidence, degrees) + student_t_quantile(POWER, degrees);
    Some(quantiles * deviation * (2.0 / f64_of(pairs)).sqrt())
}

/// How many pairs find an effect of this size; `None` when a thousand do not.
#[must_use]
pub fn pairs_for_effect(deviation: f64, effect: f64, confidence: f64) -> Option<usize> {
    const MOST: usize = 1_000;
    (2..=MOST).find(|&pairs| minimum_detectable_effect(deviation, pairs, confidence).is_some_and(|found| found <= effect))
}

#[cfg(test)]
mod tests {
    use super::super::{Random, mean, standard_deviation};
    use super::*;

    #[test]
    fn an_effect_of_the_minimum_size_is_found_four_times_in_five() {
        let (deviation, pairs, runs) = (0.01, 6, 4_000);
        let effect = minimum_detectable_effect(deviation, pairs, 0.95).unwrap();
        let mut random = Random::new(11);
        let found = (0..runs).filter(|_| {
            let differences: Vec<f64> = (0..pairs).map(|_| effect + deviation * (random.normal() - random.normal())).collect();
            let error = standard_deviation(&differences).unwrap() / f64_of(pairs).sqrt();
            mean(&differences).unwrap() / error > student_t_quantile(0.975, f64_of(pairs - 1))
        });
        let power = f64_of(found.count()) / f64_of(runs);
        assert!((0.76..0.84).contains(&power), "{power}");
    }

    #[test]
    fn more_pairs_resolve_less() {
        assert_eq!(minimum_detectable_effect(0.01, 1, 0.95), None);
        let needed = pairs_for_effect(0.01, 0.01, 0.95).unwrap();
        assert!(minimum_detectable_effect(0.01, needed, 0.95).unwrap() <= 0.01);
        assert!(minimum_detectable_effect(0.01, needed - 1, 0.95).unwrap() > 0.01);
        assert_eq!(pairs_for_effect(1.0, 1e-6, 0.95), None);
    }
}
