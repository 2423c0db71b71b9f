//! The period of updates whose times are known poorly: each tells the phase of the lattice that they lie on a little, and
//! many of them tell it well. How the phase wanders tells the period.

use crate::calibrate::statistics::{Estimate, ratio_of_sums};
use crate::calibrate::trace::Update;
use std::f64::consts::{PI, TAU};

/// Updates whose phases are taken together: few enough that a period which is off by a part of a hundred does not smear
/// them, enough for their mean to stand out.
const TOGETHER: usize = 64;

/// How far from the guess the period is looked for, and how finely: the phase then turns by less than a half from one mean
/// to the next.
const REACH: f64 = 0.15;
const STEPS_PER_TURN: f64 = 6.0;

/// Fewer means tell no uncertainty.
const FEWEST: usize = 12;
const BLOCKS: usize = 10;

/// Length of the mean phase vector below which there is no lattice: of random times it is about 1/√[`TOGETHER`].
const LEAST_COHERENCE: f64 = 0.4;

/// The period, near a guess; `None` when the updates lie on no lattice.
#[expect(clippy::cast_precision_loss, reason = "a count of updates")]
pub(super) fn period(updates: &[Update], guess: f64) -> Option<Estimate> {
    let windows: Vec<&[Update]> = updates.chunks_exact(TOGETHER).collect();
    if windows.len() < FEWEST {
        return None;
    }
    let step = guess / (TOGETHER as f64 * STEPS_PER_TURN);
    let n_steps = (REACH * guess / step).ceil();
    let mut tried = -n_steps;
    let mut best = (0.0, guess);
    while tried <= n_steps {
        let period = guess + tried * step;
        let power = windows.iter().map(|window| mean_phase(window, period).0.powi(2)).sum::<f64>();
        if power > best.0 {
            best = (power, period);
        }
        tried += 1.0;
    }
    let near = best.1;
    let means: Vec<(f64, f64)> = windows.iter().map(|window| mean_phase(window, near)).collect();
    let coherence = means.iter().map(|(length, _)| length).sum::<f64>() / means.len() as f64;
    if coherence < LEAST_COHERENCE {
        return None;
    }
    let middle = |window: &[Update]| window.iter().map(|update| update.at).sum::<f64>() / window.len() as f64;
    // How far the phase turned, and in what time, from each mean to the next.
    let turns: Vec<(f64, f64)> = (1..means.len())
        .map(|next| (wrapped(means[next].1 - means[next - 1].1), middle(windows[next]) - middle(windows[next - 1])))
        .collect();
    let sum = |turns: &[(f64, f64)]| turns.iter().fold((0.0, 0.0), |sum, turn| (sum.0 + turn.0, sum.1 + turn.1));
    let blocks: Vec<(f64, f64)> = turns.chunks(turns.len().div_ceil(BLOCKS)).map(sum).collect();
    let turning = ratio_of_sums(&blocks)?;
    // Updates at multiples of p have the phase 2π·t/near, which turns by 2π·(1/near − 1/p) each second.
    let value = 1.0 / (1.0 / near - turning.value / TAU);
    Some(Estimate { value, half_width: value * value * turning.half_width / TAU })
}

/// Length and direction of the mean of the updates' phase vectors.
#[expect(clippy::cast_precision_loss, reason = "a count of updates")]
fn mean_phase(updates: &[Update], period: f64) -> (f64, f64) {
    let (sine, cosine) = updates.iter().fold((0.0, 0.0), |(sine, cosine), update| {
        let phase = TAU * (update.at / period).fract();
        (sine + phase.sin(), cosine + phase.cos())
    });
    (f64::hypot(sine, cosine) / updates.len() as f64, sine.atan2(cosine))
}

fn wrapped(phase: f64) -> f64 {
    (phase + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_hardware::unit;

    fn updates(n: u32, at: impl Fn(u64) -> f64) -> Vec<Update> {
        (0..u64::from(n)).map(|index| Update { at: at(index), value: 0.0, gap: 0.0 }).collect()
    }

    #[test]
    fn a_lattice_is_found_through_blurred_times_and_none_in_random_ones() {
        for seed in 0..20 {
            let blur = |index: u64| 0.5e-3 * (unit(seed, index) - 0.5);
            let truth = 1e-3 * (0.97 + 0.06 * unit(seed, 1 << 40));
            #[expect(clippy::cast_precision_loss, reason = "thousands")]
            let found = period(&updates(7_000, |index| index as f64 * truth + blur(index)), 0.98e-3).expect("a lattice");
            assert!((found.value - truth).abs() <= found.half_width && found.half_width < 1e-3 * truth, "{found:?} {truth}");
            let mut random: Vec<f64> = (0..7_000).map(|index| 7.0 * unit(seed, index)).collect();
            random.sort_by(f64::total_cmp);
            let random: Vec<Update> = random.into_iter().map(|at| Update { at, value: 0.0, gap: 0.0 }).collect();
            assert_eq!(period(&random, 1e-3), None);
        }
    }
}
