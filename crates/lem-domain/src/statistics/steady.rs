//! Where a run became steady, and whether it stayed so.

use super::autocorrelation::correlation;
use super::moments::{f64_of, mean, standard_deviation};

/// Where two series that were sampled together became steady.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steady {
    /// Samples to be left out at the start: the later of the two cuts.
    pub cut: usize,
    /// Whether what follows the cut goes on changing in one of them.
    pub changes: bool,
}

/// Samples of one mean.
const BATCH: usize = 5;

/// Fewest means of which anything can be said.
const FEWEST: usize = 8;

/// What the largest excursion of a Brownian bridge exceeds with probability 2.5 %: two series are looked at, and 5 % of
/// steady runs may be called changing (Kolmogorov's distribution).
const EXCURSION: f64 = 1.480;

/// Where power and throughput, sampled over the same intervals, became steady together; `None` when they never did or
/// there are fewer than 40 samples.
///
/// MSER-5 (White 1997, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69, 323):
/// of all cuts the one that leaves the smallest squared standard error of the mean of batches of five. A cut in the second half says
/// that there was no steady state. What is left is checked by the largest excursion of its cumulative sum (Page 1954;
/// Brown, Durbin & Evans 1975), its variance taken for what the autocorrelation makes of it.
#[must_use]
pub fn steady_state(power: &[f64], throughput: &[f64]) -> Option<Steady> {
    let batches = [batch_means(power), batch_means(throughput)];
    if batches.iter().any(|means| means.len() < FEWEST) || power.len() != throughput.len() {
        return None;
    }
    let cuts = batches.iter().map(|means| truncation(means)).collect::<Option<Vec<usize>>>()?;
    let cut = cuts.into_iter().max()?;
    let changes = batches.iter().any(|means| excursion(&means[cut..]).is_some_and(|excursion| excursion > EXCURSION));
    Some(Steady { cut: cut * BATCH, changes })
}

fn batch_means(values: &[f64]) -> Vec<f64> {
    values.chunks_exact(BATCH).filter_map(mean).collect()
}

/// Number of means to leave out; `None` when it is more than half of them.
fn truncation(means: &[f64]) -> Option<usize> {
    // From the end: each cut needs the sums of what follows it. Deviations from a common origin keep the digits.
    let origin = mean(means)?;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best: Option<(f64, usize)> = None;
    for (cut, value) in means.iter().enumerate().rev() {
        let deviation = value - origin;
        sum += deviation;
        squares += deviation * deviation;
        let left = f64_of(means.len() - cut);
        if means.len() - cut < BATCH {
            continue;
        }
        // A spread that is rounding error is no spread, or the cut would follow the noise of the last digits.
        let spread = (squares - sum * sum / left).max(1e-24 * origin * origin * left);
        let error = spread / (left * left);
        if best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, cut));
        }
    }
    best.map(|(_, cut)| cut).filter(|&cut| 2 * cut <= means.len())
}

/// Largest excursion of the cumulative sum of deviations, in standard deviations of the whole sum.
fn excursion(means: &[f64]) -> Option<f64> {
    let time = correlation(means)?.time;
    let (mean, deviation) = (mean(means)?, standard_deviation(means)?);
    if deviation <= 1e-12 * mean.abs() {
        return Some(0.0);
    }
    let mut sum: f64 = 0.0;
    let largest = means.iter().fold(0.0, |largest: f64, value| {
        sum += value - mean;
        largest.max(sum.abs())
    });
    Some(largest / (deviation * (time * f64_of(means.len())).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    fn noisy(n: usize, seed: u64, level: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..n).map(|index| level(f64_of(index)) + random.normal()).collect()
    }

    #[test]
    fn the_start_is_cut_where_either_series_settles() {
        let power = noisy(1_000, 1, |_| 300.0);
        let rate = noisy(1_000, 2, |index| 100.0 * (1.0 - (-index / 40.0).exp()));
        let steady = steady_state(&power, &rate).unwrap();
        assert!((80..300).contains(&steady.cut) && !steady.changes, "{steady:?}");
    }

    #[test]
    fn what_drifts_to_the_end_or_steps_late_is_not_steady() {
        let flat = noisy(1_000, 1, |_| 300.0);
        let drifting = noisy(1_000, 3, |index| 0.05 * index);
        assert!(steady_state(&flat, &drifting).is_none_or(|steady| steady.changes));
        let stepping = noisy(1_000, 4, |index| if index < 600.0 { 100.0 } else { 110.0 });
        assert!(steady_state(&flat, &stepping).is_none_or(|steady| steady.changes));
    }

    #[test]
    fn few_steady_runs_are_called_changing() {
        let changing = (0..400).filter(|&seed| {
            let (power, rate) = (noisy(400, 2 * seed, |_| 300.0), noisy(400, 2 * seed + 1, |_| 100.0));
            steady_state(&power, &rate).is_none_or(|steady| steady.changes)
        });
        assert!(changing.count() <= 40);
    }

    #[test]
    fn a_constant_is_steady_from_the_start_and_few_samples_tell_nothing() {
        assert_eq!(steady_state(&[300.0; 100], &[50.0; 100]), Some(Steady { cut: 0, changes: false }));
        assert_eq!(steady_state(&[300.0; 39], &[50.0; 39]), None);
        assert_eq!(steady_state(&[300.0; 100], &[50.0; 90]), None);
    }
}
