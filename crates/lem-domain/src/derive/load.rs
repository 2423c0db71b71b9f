//! The load that requests made: whether it was the one that was asked for, and what came of it (MEASUREMENT.md §3).

mod counts;
mod findings;
mod flight;
mod goodput;
mod schedule;
mod steady;

pub use counts::CountReconciliation;
pub use goodput::Goodput;
pub use schedule::Schedule;
pub use steady::{SteadyRule, SteadyState, SteadyVerdict};

pub(super) use findings::findings;
pub(super) use steady::window_of;

use super::cycle::Cycle;
use super::timeline::RequestTimeline;
use crate::record::{ProcessRecord, RequestFailure};
use crate::time::TimeWindow;
use std::collections::BTreeMap;

/// The load of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadSummary {
    /// Requests without a result, by what happened to them; most frequent first. Empty for an engine of this process.
    pub failures: Vec<(RequestFailure, u64)>,
    /// Most requests in flight at once.
    pub most_in_flight: u64,
    /// Mean number of requests in flight over the window; `None` without a window.
    pub mean_in_flight: Option<f64>,
    /// Completed requests per second × their mean time in flight ÷ [`Self::mean_in_flight`]: 1 by Little's law where nothing
    /// was lost or cut. Little 1961, "A proof for the queuing formula L = λW", Operations Research 9(3).
    pub little_ratio: Option<f64>,
    /// Share of requests that were meant to start while the limit of requests in flight was reached; `None` where requests do
    /// not come at instants, or there is no limit.
    pub capped_share: Option<f64>,
    /// Whether requests started when they were meant to; `None` where they do not come at instants.
    pub schedule: Option<Schedule>,
    /// Requests that kept to the objectives; `None` where nothing was asked.
    pub goodput: Option<Goodput>,
    /// How counts of the same tokens compare; `None` for an engine of this process, which chose them.
    pub counts: Option<CountReconciliation>,
}

/// Derives it of all cycles together.
pub(super) fn load(cycles: &[Cycle<'_>]) -> LoadSummary {
    let processes: Vec<&ProcessRecord> = cycles.iter().flat_map(|cycle| &cycle.record.processes).collect();
    let timelines: Vec<&[RequestTimeline]> = cycles.iter().flat_map(|cycle| &cycle.timelines).map(Vec::as_slice).collect();
    let (mean_in_flight, little_ratio) = flight::mean_and_little(cycles);
    LoadSummary {
        failures: failures(&processes),
        most_in_flight: cycles.iter().map(|cycle| flight::most(&flight::flights(cycle.timelines.iter().flatten()))).max().unwrap_or(0),
        mean_in_flight,
        little_ratio,
        capped_share: schedule::capped_share(&processes, &timelines),
        schedule: schedule::schedule(&processes, &timelines),
        goodput: goodput::goodput(&processes, &timelines, cycles.iter().filter_map(|cycle| cycle.window).map(TimeWindow::span).sum()),
        counts: counts::reconcile(&processes),
    }
}

fn failures(processes: &[&ProcessRecord]) -> Vec<(RequestFailure, u64)> {
    let mut by_kind: BTreeMap<RequestFailure, u64> = BTreeMap::new();
    let served = processes.iter().flat_map(|process| &process.requests).filter_map(|request| request.served.as_ref());
    for failure in served.filter_map(|served| served.failure) {
        *by_kind.entry(failure).or_default() += 1;
    }
    let mut failures: Vec<_> = by_kind.into_iter().collect();
    failures.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    failures
}
