//! A run in a few cells: what fits on a line of a terminal.

use super::experiment::{requests, window};
use super::latency::{Bin, histogram};
use super::trace::{TraceView, traces};
use lem_domain::derive::RequestTimeline;
use lem_domain::record::ExperimentRecord;
use lem_domain::units::{Seconds, Unit};

/// A curve or a distribution as heights of equally wide cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What it is of.
    pub label: String,
    /// One height per cell; `None` where nothing was recorded.
    pub cells: Vec<Option<f64>>,
    /// What the line goes over.
    pub meaning: Meaning,
}

/// What cells stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// Mean power in stretches of the measured window, with the lowest and the highest power of all samples, in watts.
    PowerOverTime {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Counts of latencies between the smallest and the largest, in seconds.
    Distribution {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
        /// Number of values.
        count: usize,
    },
}

/// The power of each device over the first window and the latencies of a run, in so many cells each.
#[must_use]
pub fn shapes(record: &ExperimentRecord, cells: usize) -> Vec<Shape> {
    let requests: Vec<RequestTimeline> = record.cycles.iter().flat_map(requests).collect();
    let first = record.cycles.first().and_then(|cycle| Some((cycle, window(cycle)?)));
    let power = first.into_iter().flat_map(|(cycle, window)| {
        let curves = traces(&cycle.host.meter, window, usize::MAX);
        curves.into_iter().filter_map(move |trace| power(&trace, window.span().get(), cells))
    });
    let ttft: Vec<f64> = requests.iter().filter_map(RequestTimeline::ttft).map(Seconds::value).collect();
    let between: Vec<f64> = requests.iter().filter_map(RequestTimeline::inter_token_latencies).flatten().map(Seconds::value).collect();
    let latencies = [("TTFT", ttft), ("ITL", between)];
    power.chain(latencies.into_iter().filter_map(|(label, values)| distribution(label, &values, cells))).collect()
}

fn power(trace: &TraceView, seconds: f64, cells: usize) -> Option<Shape> {
    let inside = trace.at_s.iter().zip(&trace.power_w).filter(|(at, _)| (0.0..=seconds).contains(*at));
    let mut sums = vec![(0.0, 0.0); cells];
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (at, watts) in inside {
        let (sum, count) = &mut sums[cell_of(at / seconds, cells)];
        *sum += watts;
        *count += 1.0;
        (low, high) = (low.min(*watts), high.max(*watts));
    }
    (low <= high).then(|| Shape {
        label: format!("{} {}", trace.device, trace.sensor),
        cells: sums.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect(),
        meaning: Meaning::PowerOverTime { low, high },
    })
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the place of a cell of a line")]
fn cell_of(share: f64, cells: usize) -> usize {
    ((share * cells as f64).max(0.0) as usize).min(cells.saturating_sub(1))
}

fn distribution(label: &str, values: &[f64], cells: usize) -> Option<Shape> {
    let bins = histogram(values, cells);
    let (low, high) = (bins.first()?.from, bins.last()?.to);
    #[expect(clippy::cast_precision_loss, reason = "the height of a bar")]
    let height = |bin: &Bin| Some(bin.count as f64);
    let meaning = Meaning::Distribution { low, high, count: values.len() };
    Some(Shape { label: label.to_owned(), cells: bins.iter().map(height).collect(), meaning })
}
