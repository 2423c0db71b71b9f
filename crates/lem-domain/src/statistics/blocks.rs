//! Blocks of neighbours that are drawn together, so that a resample depends on its past as the series does.

use super::autocorrelation::Correlation;
use super::moments::f64_of;
use super::random::Random;

/// Length of the blocks, in units.
///
/// (2φ/(1 − φ²))^⅔ · n^⅓ for a first-order process (Carlstein 1986, "The use of subseries values for estimating the
/// variance of a general statistic from a stationary sequence", Annals of Statistics 14, 1171), with φ = (τ − 1)/(τ + 1);
/// at most a quarter of the series, so that four blocks are left to draw from.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between one and a quarter of a length in memory")]
pub(super) fn length(n: usize, correlation: Correlation) -> usize {
    let phi = (correlation.time - 1.0) / (correlation.time + 1.0);
    let length = (2.0 * phi / (1.0 - phi * phi)).powf(2.0 / 3.0) * f64_of(n).cbrt();
    length.ceil().clamp(1.0, f64_of((n / 4).max(1))) as usize
}

/// Draws `n` positions out of a circle of `n`, in blocks of neighbours; the last block is cut.
pub(super) fn draw(n: usize, length: usize, random: &mut Random, mut take: impl FnMut(usize)) {
    let mut left = n;
    while left > 0 {
        let start = random.below(n);
        let run = length.min(left);
        (start..start + run).for_each(|position| take(if position < n { position } else { position - n }));
        left -= run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_units_are_drawn_one_by_one_and_dependent_ones_together() {
        let of = |time: f64, n: usize| length(n, Correlation { time, effective: 1.0 });
        assert_eq!(of(1.0, 100), 1);
        assert_eq!(of(3.0, 200), 8);
        assert_eq!(of(30.0, 20), 5);
        let mut drawn = Vec::new();
        draw(10, 4, &mut Random::new(3), |position| drawn.push(position));
        assert_eq!(drawn.len(), 10);
        assert!(drawn[..4].windows(2).all(|pair| pair[1] == (pair[0] + 1) % 10), "{drawn:?}");
    }
}
