//! Phases and tokens as time passes.

use lem_domain::TimeWindow;
use lem_domain::derive::{Phases, RequestTimeline};
use serde::Serialize;

/// When the machine was in which phase, and when tokens came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct PhasesView {
    /// Intervals of prefill alone, from and to, in seconds since the window opened.
    prefill: Vec<[f64; 2]>,
    /// Of decode alone.
    decode: Vec<[f64; 2]>,
    /// Of both at once.
    mixed: Vec<[f64; 2]>,
    /// Whether intervals closer than a line on the screen were joined.
    joined: bool,
    /// When tokens became known, in seconds since the window opened; empty when there are more than can be told apart.
    tokens_s: Vec<f64>,
    /// Output tokens per second in stretches of equal length from the opening to the end of the window.
    tokens_per_s: Vec<f64>,
}

/// More intervals than this are lines beside lines.
const MOST_INTERVALS: usize = 400;

/// More marks than this are a grey bar.
const MOST_MARKS: usize = 600;

/// Stretches that the rate of tokens is told in.
const STRETCHES: usize = 120;

pub(super) fn phases(timelines: &[RequestTimeline], window: TimeWindow) -> PhasesView {
    let phases = Phases::of(timelines.iter());
    let n_intervals = phases.prefill.len() + phases.decode.len() + phases.mixed.len();
    let joined = n_intervals > MOST_INTERVALS;
    let gap = if joined { window.span().get() / 1_000.0 } else { 0.0 };
    let intervals = |windows: &[TimeWindow]| {
        let mut list: Vec<[f64; 2]> = Vec::new();
        for part in windows {
            let [from, to] = [part.start, part.end].map(|at| rounded(at.since(window.start).get()));
            match list.last_mut() {
                Some(last) if joined && from - last[1] <= gap => last[1] = to,
                _ => list.push([from, to]),
            }
        }
        list
    };
    let mut times: Vec<(f64, u32)> = timelines
        .iter()
        .flat_map(|request| &request.tokens)
        .filter(|(at, _)| window.contains(*at))
        .map(|&(at, count)| (at.since(window.start).get(), count))
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    PhasesView {
        prefill: intervals(&phases.prefill),
        decode: intervals(&phases.decode),
        mixed: intervals(&phases.mixed),
        joined,
        tokens_per_s: rates(&times, window.span().get()),
        tokens_s: if times.len() <= MOST_MARKS { times.iter().map(|&(at, _)| rounded(at)).collect() } else { Vec::new() },
    }
}

#[expect(clippy::cast_precision_loss, reason = "120 stretches")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times lie inside the window, which is 120 stretches long")]
fn rates(times: &[(f64, u32)], seconds: f64) -> Vec<f64> {
    let length = seconds / STRETCHES as f64;
    if length <= 0.0 || times.is_empty() {
        return Vec::new();
    }
    let mut counts = vec![0_u64; STRETCHES];
    for &(at, count) in times {
        counts[((at / length).floor() as usize).min(STRETCHES - 1)] += u64::from(count);
    }
    counts.into_iter().map(|count| ((count as f64 / length) * 1e3).round() / 1e3).collect()
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_lost_in_the_rates() {
        let times: Vec<(f64, u32)> = (0..=100_u32).map(|place| (f64::from(place) * 0.1, 3)).collect();
        let rates = rates(&times, 10.0);
        let tokens: f64 = rates.iter().map(|rate| rate * 10.0 / 120.0).sum();
        assert!((tokens - 303.0).abs() < 0.01, "{tokens}");
    }
}
