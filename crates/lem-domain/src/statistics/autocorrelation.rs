//! How much repetitions depend on those before them.

use super::moments::{f64_of, mean};

/// Dependence of a series on its own past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// Integrated autocorrelation time in steps, τ = 1 + 2 Σ ρ: 1 for independent values, never less.
    pub time: f64,
    /// Number of independent values that would tell the mean as well, n ÷ τ.
    pub effective: f64,
}

/// The dependence of a series; `None` for fewer than eight values, of which it cannot be told.
///
/// Sums of neighbouring pairs of autocorrelations are added up while they stay positive and fall (Geyer 1992, "Practical
/// Markov chain Monte Carlo", Statistical Science 7, 473: initial monotone sequence). Short series hide dependence: a
/// lag-one correlation comes out too low by (1 + 3φ)/n on average (Kendall 1954, "Note on bias in the estimation of
/// autocorrelation", Biometrika 41, 403), so τ is at least that of a first-order process with the correlation set right.
#[must_use]
pub fn correlation(values: &[f64]) -> Option<Correlation> {
    const FEWEST: usize = 8;
    let n = f64_of(values.len());
    if values.len() < FEWEST {
        return None;
    }
    let mean = mean(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let covariance = |lag: usize| deviations.iter().zip(&deviations[lag..]).map(|(one, other)| one * other).sum::<f64>() / n;
    let variance = covariance(0);
    if variance <= 0.0 {
        return Some(Correlation { time: 1.0, effective: n });
    }
    let mut time = -1.0;
    let mut last = f64::INFINITY;
    for lag in (0..values.len() / 2).step_by(2) {
        let pair = (covariance(lag) + covariance(lag + 1)) / variance;
        if pair <= 0.0 {
            break;
        }
        last = pair.min(last);
        time += 2.0 * last;
    }
    let first_order = ((n * covariance(1) / variance + 1.0) / (n - 3.0)).clamp(0.0, HIGHEST);
    let time = time.max((1.0 + first_order) / (1.0 - first_order)).max(1.0);
    Some(Correlation { time, effective: n / time })
}

/// The strongest dependence on the value before that is believed of a short series.
const HIGHEST: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    /// A first-order process around zero.
    fn process(phi: f64, n: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut value = random.normal() / (1.0 - phi * phi).sqrt();
        (0..n)
            .map(|_| {
                value = phi * value + random.normal();
                value
            })
            .collect()
    }

    #[test]
    fn the_time_of_a_first_order_process_is_found() {
        for (phi, expected) in [(0.0, 1.0), (0.5, 3.0), (0.8, 9.0)] {
            let found = correlation(&process(phi, 50_000, 7)).unwrap();
            assert!((found.time / expected - 1.0).abs() < 0.1, "φ = {phi}: {found:?}");
            assert!((found.effective * found.time / 50_000.0 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_alternates_counts_as_independent_and_few_values_tell_nothing() {
        let alternating: Vec<f64> = (0..100).map(|index| f64::from(index % 2)).collect();
        assert_eq!(correlation(&alternating).map(|found| found.time), Some(1.0));
        assert_eq!(correlation(&[3.0; 20]).map(|found| found.effective), Some(20.0));
        assert_eq!(correlation(&[1.0; 7]), None);
    }
}
