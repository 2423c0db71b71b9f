//! How often a sensor's value is renewed, from the times between its changes.

mod phases;

use super::statistics::{Estimate, ratio_of_sums};
use super::trace::Trace;
use lem_domain::profile::Found;
use std::time::Duration;

/// An interval of so many short ones and less is one period; a longer one skips updates that left the value as it was.
const ONE_PERIOD: f64 = 1.5;

/// Intervals of more periods than this are left out: how many they hold depends on the period that is to be found.
const MOST_PERIODS: f64 = 8.0;

/// A sensor that is renewed regularly changes most often by single periods, and its intervals are near whole ones. Of random
/// intervals half are as near, and by chance a few more: of n of them rarely more than by twice 1/√n.
const SHARE_OF_SINGLES: f64 = 0.4;
const NEAR_WHOLE: f64 = 0.25;
const SHARE_BY_CHANCE: f64 = 0.5;
const LEAST_ABOVE_CHANCE: f64 = 0.08;
const CHANCE_PER_ROOT: f64 = 2.0;
const SHARE_AT_MOST: f64 = 0.9;

/// Fewer intervals tell nothing.
const FEWEST: usize = 8;

/// The times between updates are cut into so many blocks, whose scatter is the uncertainty.
const BLOCKS: usize = 10;

/// Stamps come in whole microseconds.
const STAMP_RESOLUTION_S: f64 = 1e-6;

/// The mean time between two updates.
pub(super) fn update_period(trace: &Trace) -> Found<Duration> {
    let (n_updates, seconds) = (trace.updates.len(), trace.seconds());
    if trace.reads.is_empty() {
        return Found::Unknown("it gave no value".to_owned());
    }
    if n_updates == 0 {
        return Found::Unknown(format!("the value did not change in {seconds:.1} s"));
    }
    if trace.is_new_with_most_reads() {
        let spacing_ms = trace.spacing() * 1e3;
        return Found::Unknown(format!(
            "the value was new with nearly every read, {spacing_ms:.2} ms apart: it is made when it is asked for, or renewed faster than it can be read"
        ));
    }
    let intervals: Vec<f64> = trace.updates.windows(2).map(|pair| pair[1].at - pair[0].at).filter(|interval| *interval > 0.0).collect();
    if intervals.len() < FEWEST {
        return Found::Unknown(format!("the value changed only {n_updates} times in {seconds:.1} s"));
    }
    let (period, counted) = counted(&intervals);
    if !is_regular(&counted, period) {
        return Found::Unknown(format!("the value changed {n_updates} times in {seconds:.1} s, at no regular interval"));
    }
    // Where a read is long against the period, one period and two cannot be told apart by a single interval.
    let found = if trace.blur() > CLEAR_BLUR * period { phases::period(&trace.updates, period) } else { by_intervals(counted) };
    match found {
        Some(found) => Found::Value { value: duration(found.value), half_width: duration(found.half_width) },
        None => Found::Unknown(format!("the value changed {n_updates} times in {seconds:.1} s, at no regular interval")),
    }
}

/// Time between the reads around an update, as a share of the period, up to which intervals can be counted.
const CLEAR_BLUR: f64 = 0.15;

/// All intervals together ÷ all periods in them.
fn by_intervals(counted: Vec<(f64, f64)>) -> Option<Estimate> {
    let short: Vec<(f64, f64)> = counted.into_iter().filter(|(_, periods)| *periods <= MOST_PERIODS).collect();
    let blocks: Vec<(f64, f64)> = short.chunks(short.len().div_ceil(BLOCKS)).map(sum).collect();
    let found = ratio_of_sums(&blocks)?;
    let resolution = STAMP_RESOLUTION_S / sum(&short).1;
    Some(Estimate { half_width: found.half_width.max(resolution), ..found })
}

/// The intervals with the periods in each, and a first period. Which are of one period is told by the shorter ones, whose
/// median is near it; then all of them tell it better.
fn counted(intervals: &[f64]) -> (f64, Vec<(f64, f64)>) {
    const ROUNDS: u32 = 3;
    let mut period = shortest(intervals);
    let mut counted = Vec::new();
    for _ in 0..ROUNDS {
        counted = intervals.iter().map(|&interval| (interval, (interval / period).round().max(1.0))).collect();
        let short = counted.iter().copied().filter(|(_, periods)| *periods <= MOST_PERIODS).collect::<Vec<_>>();
        let (seconds, periods) = sum(&short);
        period = if periods > 0.0 { seconds / periods } else { period };
    }
    (period, counted)
}

/// Median of the shorter intervals: those of one period.
fn shortest(intervals: &[f64]) -> f64 {
    let mut sorted = intervals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let short = sorted[sorted.len() / 10];
    let singles = &sorted[..sorted.partition_point(|interval| *interval <= short * ONE_PERIOD)];
    singles[singles.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "counts of updates")]
fn is_regular(counted: &[(f64, f64)], period: f64) -> bool {
    let n = counted.len() as f64;
    let near = |&&(interval, periods): &&(f64, f64)| (interval / period - periods).abs() <= NEAR_WHOLE;
    let singles = counted.iter().filter(|&&(_, periods)| periods < 2.0).count() as f64;
    // An interval of very many periods is near a whole number of them by chance.
    let short: Vec<_> = counted.iter().filter(|&&(_, periods)| periods <= MOST_PERIODS).collect();
    let n_short = short.len() as f64;
    let needed = (SHARE_BY_CHANCE + (CHANCE_PER_ROOT / n_short.sqrt()).max(LEAST_ABOVE_CHANCE)).min(SHARE_AT_MOST);
    singles >= SHARE_OF_SINGLES * n && short.iter().copied().filter(near).count() as f64 >= needed * n_short
}

fn sum(intervals: &[(f64, f64)]) -> (f64, f64) {
    intervals.iter().fold((0.0, 0.0), |sum, interval| (sum.0 + interval.0, sum.1 + interval.1))
}

/// Of what is computed, nothing is negative but for rounding.
pub(super) fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
