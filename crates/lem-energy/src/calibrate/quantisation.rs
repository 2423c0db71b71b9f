//! The smallest step of a sensor's value: what all its differences are multiples of.

use super::trace::Trace;
use lem_domain::profile::Found;

/// Different differences that are needed: of fewer a common step says nothing, because any number is near a multiple of
/// another by chance.
const FEWEST: usize = 10;

/// Numbers of steps that must be met: values that are all about one step say nothing of it.
const FEWEST_COUNTS: usize = 8;

/// The smallest differences are tried as the step, and as up to so many steps.
const TRIED: usize = 40;
const MOST_STEPS: u32 = 8;

/// So many of the smallest are paired. Each round of the division multiplies what rounding did; it ends far above that.
const PAIRED: usize = 12;
const DIVISOR_ROUNDING: f64 = 1e5;

/// More differences make the search slower and no better.
const MOST_DIFFERENCES: usize = 600;

/// How far a difference may be from a multiple of the step, in steps, and the share of differences that must be nearer. Of
/// a value without steps a fifth would be.
const NEAR: f64 = 0.1;
const SHARE: f64 = 0.95;

/// The smallest step, in the unit of the value. The larger step wins: whole microjoules of a counter that counts in
/// sixty-firsts are the file's doing.
pub(super) fn resolution(traces: &[&Trace], is_counter: bool) -> Found<f64> {
    let mut all = Vec::new();
    let mut largest = 0.0_f64;
    for trace in traces {
        largest = trace.shown.iter().fold(largest, |largest, value| largest.max(value.abs()));
        let differences = trace.shown.windows(2).map(|pair| pair[1] - pair[0]);
        // A counter that goes back starts over: that difference is none.
        all.extend(differences.filter(|step| !is_counter || *step > 0.0).map(f64::abs));
    }
    let rounding = 4.0 * f64::EPSILON * largest;
    let first = different(all, rounding);
    // A counter under steady power advances by about the same again and again; what its advances differ by is small, and
    // leads from single steps to the many of an advance.
    let second = first.windows(2).map(|pair| pair[1] - pair[0]);
    let above_least = first.iter().map(|step| step - first[0]);
    let mut pool = different(second.chain(above_least).chain(first.iter().copied()).collect(), 8.0 * rounding);
    if pool.len() < FEWEST {
        return Found::Unknown(format!("only {} different steps of the value were seen", pool.len()));
    }
    pool.truncate(MOST_DIFFERENCES);
    let tried = pool.iter().take(TRIED).flat_map(|difference| (1..=MOST_STEPS).map(move |parts| difference / f64::from(parts)));
    // A sensor without noise shows few differences, all of many steps: two of them most often have no divisor in common
    // but the step.
    let least = &pool[..PAIRED.min(pool.len())];
    let pairs = least.iter().flat_map(|one| least.iter().map(move |other| common_divisor(*one, *other, DIVISOR_ROUNDING * rounding)));
    let tried = tried.chain(pairs);
    let found = tried.filter(|step| *step > 100.0 * rounding).filter_map(|step| common_step(&pool, step, rounding));
    match found.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((value, half_width)) => Found::Value { value, half_width },
        None => Found::Unknown("the value shows no steps".to_owned()),
    }
}

/// Sorted, and each once: what differs by no more than rounding is the same.
fn different(mut values: Vec<f64>, rounding: f64) -> Vec<f64> {
    values.retain(|value| *value > rounding);
    values.sort_by(f64::total_cmp);
    values.dedup_by(|later, earlier| *later - *earlier <= rounding);
    values
}

/// Euclid's algorithm on numbers that are rounded: what is left below the tolerance is nothing.
fn common_divisor(one: f64, other: f64, tolerance: f64) -> f64 {
    let (mut larger, mut smaller) = (one.max(other), one.min(other));
    while smaller > tolerance {
        let count = (larger / smaller).round();
        (larger, smaller) = (smaller, (larger - count * smaller).abs());
    }
    larger
}

/// The step near `step` that the values, from the smallest on, are multiples of, and its half-width. Each value makes it
/// more exact (least squares through the origin), so that larger multiples can be told apart.
#[expect(clippy::cast_precision_loss, reason = "a count of values")]
fn common_step(sorted: &[f64], step: f64, rounding: f64) -> Option<(f64, f64)> {
    let (mut products, mut squares) = (0.0, 0.0);
    let (mut n_near, mut n_off, mut residual) = (0.0, 0.0, 0.0);
    let mut refined = step;
    let mut counts = Vec::new();
    for value in sorted {
        let count = (value / refined).round();
        // Beyond this the error of the step so far, times the count, is as large as what is asked.
        let spread = if n_near > 1.0 { f64::sqrt(residual / n_near).max(rounding) } else { rounding };
        let uncertain = if squares > 0.0 { spread / f64::sqrt(squares) * count } else { 0.0 };
        if uncertain > NEAR / 2.0 * refined {
            break;
        }
        let off = value - count * refined;
        if off.abs() > NEAR * refined {
            n_off += 1.0;
            // The smallest values tell most: a step that one of them misses is none.
            if n_off > (1.0 - SHARE) * (n_near + n_off) {
                return None;
            }
        } else if count >= 1.0 {
            // A value far below the step is what the file rounds by, and says nothing of it.
            n_near += 1.0;
            counts.push(count);
            residual += off * off;
            (products, squares) = (products + value * count, squares + count * count);
            refined = products / squares;
        }
    }
    // They grow with the values.
    counts.dedup_by(|one, other| (*one - *other).abs() < 0.5);
    (n_near >= FEWEST as f64 && counts.len() >= FEWEST_COUNTS)
        .then(|| (refined, 2.0 * f64::sqrt(residual / n_near).max(rounding) / f64::sqrt(squares)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::trace::Update;
    use crate::virtual_hardware::unit;

    /// A trace that shows these values one after the other.
    fn trace(values: impl Iterator<Item = f64>) -> Trace {
        let reads: Vec<(f64, f64)> = (0..).map(f64::from).zip(values).collect();
        let updates = reads.iter().map(|&(at, value)| Update { at, value, gap: 1.0 }).collect();
        Trace::made_of(reads, updates)
    }

    fn found(values: impl Iterator<Item = f64>, is_counter: bool) -> Option<f64> {
        resolution(&[&trace(values)], is_counter).value()
    }

    fn check(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|step| (step / expected - 1.0).abs() < 1e-3), "{found:?} is not {expected}");
    }

    #[test]
    fn a_step_is_found_in_powers_and_in_counters_and_never_where_there_is_none() {
        for seed in 0..20 {
            let draw = move |index| unit(seed, index);
            check(found((0..200).map(|n| (draw(n) * 400.0).round()), false), 1.0);
            check(found((0..200).map(|n| (100.0 + draw(n) * 3.0 / 0.125).round() * 0.125), false), 0.125);
            let energy = |n: u64| (0..=n).map(|n| 25.0 + 0.3 * draw(n)).sum::<f64>() + 7e5;
            check(found((0..200).map(|n| (energy(n) * 1e3).floor() / 1e3), true), 1e-3);
            // The kernel shows whole microjoules of a register that counts 2⁻¹⁴ J.
            let register = |n: u64| ((0..=n).map(|n| 0.01 + 0.004 * draw(n)).sum::<f64>() * 16_384.0).floor() / 16_384.0;
            check(found((0..400).map(|n| (register(n) * 1e6).floor() / 1e6), true), 1.0 / 16_384.0);
            // Steady but for a few steps in between.
            let seldom = |n: u64| if n.is_multiple_of(12) { (draw(n) * 250e3).round() / 1e3 } else { 80.0 };
            check(found((0..300).map(seldom), false), 1e-3);
            assert_eq!(found((0..400).map(|n| 100.0 + 7.0 * draw(n)), false), None);
            assert_eq!(found((0..400).map(energy), true), None);
        }
        assert_eq!(found((0..400).map(|n| if n % 2 == 0 { 100.0 } else { 300.0 }), false), None);
    }
}
