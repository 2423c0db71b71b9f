//! How much the samples of a power sensor scatter about a smooth course, steps and slopes left out.

use super::spread::f64_of;
use crate::time::Timestamp;

/// Standard deviation of samples about a smooth course, in the unit of the samples, block by block.
pub(super) struct Scatter {
    blocks: Vec<f64>,
}

/// Samples that share one figure.
const BLOCK: usize = 10;

/// Samples on each side of a block that are looked at as well.
const NEIGHBOURS: usize = 15;

/// Neighbours, by their offset, through which a polynomial is laid to tell what a sample should be.
const NEIGHBOURHOODS: [&[isize]; 3] = [&[-1], &[-1, 1], &[-2, -1, 1, 2]];

/// The least of three estimates of one deviation is low by about this factor.
const LEAST_IS_LOW: f64 = 1.05;

/// Scales the median of absolute values to the standard deviation of normal data (Iglewicz & Hoaglin 1993, "How to
/// Detect and Handle Outliers").
const MEDIAN_TO_DEVIATION: f64 = 1.4826;

impl Scatter {
    /// Degrees of freedom of what is said of this many samples in a row: those of a median over a block and its
    /// neighbours, whose distances overlap, and more where there are several such stretches.
    pub(super) fn degrees(n_samples: usize) -> f64 {
        let stretches = f64_of(n_samples) / f64_of(BLOCK + NEIGHBOURS);
        6.0 * stretches.max(1.0)
    }

    /// Of samples in the order of time.
    pub(super) fn of(points: &[(Timestamp, f64)]) -> Self {
        let blocks = (0..points.len().div_ceil(BLOCK)).map(|block| {
            let from = (block * BLOCK).saturating_sub(NEIGHBOURS);
            let to = ((block + 1) * BLOCK + NEIGHBOURS).min(points.len());
            deviation(&points[from..to])
        });
        Self { blocks: blocks.collect() }
    }

    /// Near the sample of an index.
    pub(super) fn at(&self, index: usize) -> f64 {
        self.blocks.get(index / BLOCK).or(self.blocks.last()).copied().unwrap_or(0.0)
    }
}

/// The least of what polynomials of order 0, 1 and 3 through the neighbours leave. Steps raise those of high order,
/// slopes those of low order, noise all alike.
fn deviation(points: &[(Timestamp, f64)]) -> f64 {
    let Some(&(origin, _)) = points.first() else { return 0.0 };
    let near: Vec<(f64, f64)> = points.iter().map(|&(at, watts)| (at.since(origin).get(), watts)).collect();
    let left = NEIGHBOURHOODS.iter().filter_map(|neighbourhood| median_distance(&near, neighbourhood));
    LEAST_IS_LOW * MEDIAN_TO_DEVIATION * left.min_by(f64::total_cmp).unwrap_or(0.0)
}

/// Median distance of values from the polynomials through their neighbours, each over what independent noise of
/// deviation 1 would make it.
fn median_distance(points: &[(f64, f64)], neighbourhood: &[isize]) -> Option<f64> {
    let distance = |index: usize| -> Option<f64> {
        let at = points[index].0;
        let mut expected = 0.0;
        let mut variance = 1.0;
        for (position, &offset) in neighbourhood.iter().enumerate() {
            let neighbour = points.get(index.checked_add_signed(offset)?)?;
            let mut weight = 1.0;
            for (other_position, &other) in neighbourhood.iter().enumerate() {
                let other = points.get(index.checked_add_signed(other)?)?;
                if other_position != position {
                    weight *= (at - other.0) / (neighbour.0 - other.0);
                }
            }
            expected += weight * neighbour.1;
            variance += weight * weight;
        }
        Some((points[index].1 - expected).abs() / variance.sqrt())
    };
    let mut distances: Vec<f64> = (0..points.len()).filter_map(distance).collect();
    let middle = distances.len() / 2;
    (!distances.is_empty()).then(|| *distances.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn samples(watts: impl Fn(u32) -> f64) -> Vec<(Timestamp, f64)> {
        (0..200).map(|index| (Timestamp::default().after(Duration::from_millis(50) * index), watts(index))).collect()
    }

    /// Uniform numbers of deviation 1, by the golden ratio's multiples in a shuffled order.
    fn noise(index: u32) -> f64 {
        let unit = (f64::from(index.wrapping_mul(0x9e37_79b9) >> 8) / f64::from(1u32 << 24)).fract();
        (unit - 0.5) * 12.0_f64.sqrt()
    }

    fn check(watts: impl Fn(u32) -> f64, low: f64, high: f64) {
        let found = Scatter::of(&samples(watts)).at(100);
        assert!((low..=high).contains(&found), "{found}");
    }

    #[test]
    fn a_course_without_noise_has_none_whatever_its_shape() {
        check(|_| 300.0, 0.0, 0.0);
        check(|index| 100.0 + 3.0 * f64::from(index), 0.0, 1e-9);
        check(|index| 300.0 * (-f64::from(index) / 60.0).exp(), 0.0, 1e-3);
        check(|index| if index / 14 % 2 == 0 { 400.0 } else { 100.0 }, 0.0, 0.0);
    }

    #[test]
    fn noise_is_seen_through_steps_and_slopes() {
        check(|index| 300.0 + 5.0 * noise(index), 3.0, 8.0);
        check(|index| 2.0 * f64::from(index) + 5.0 * noise(index), 3.0, 8.0);
        check(|index| if index / 14 % 2 == 0 { 400.0 } else { 100.0 } + 5.0 * noise(index), 3.0, 9.0);
    }
}
