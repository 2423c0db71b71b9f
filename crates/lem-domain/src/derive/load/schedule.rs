//! Whether requests that were to come at instants did.

use super::flight::{changes, flights};
use crate::derive::timeline::RequestTimeline;
use crate::record::{LoadShape, ProcessRecord};
use crate::time::Timestamp;

/// Intended and actual starts of requests that were to come at instants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Requests per second between the first and the last intended start.
    pub intended_rate: Option<f64>,
    /// Requests per second between the first and the last actual start.
    pub achieved_rate: Option<f64>,
    /// Achieved ÷ intended.
    pub fidelity: Option<f64>,
}

/// Whether requests of a process come at instants.
fn is_scheduled(process: &ProcessRecord) -> bool {
    process.offered.as_ref().is_some_and(|load| matches!(load.shape, LoadShape::Open(_) | LoadShape::Trace { .. }))
}

pub(super) fn schedule(processes: &[&ProcessRecord], timelines: &[&[RequestTimeline]]) -> Option<Schedule> {
    // Gaps are summed process by process: instants of different cycles cannot be compared.
    let of_processes: Vec<_> = processes.iter().zip(timelines).filter(|(process, _)| is_scheduled(process)).map(|(_, all)| *all).collect();
    if of_processes.is_empty() {
        return None;
    }
    let rate = |of: fn(&RequestTimeline) -> Option<Timestamp>| {
        let gaps = of_processes.iter().map(|all| gaps(all.iter().filter(|request| request.scheduled.is_some()).filter_map(of)));
        let (count, span) = gaps.fold((0.0, 0.0), |(count, span), (more, longer)| (count + more, span + longer));
        (span > 0.0).then(|| count / span)
    };
    let (intended_rate, achieved_rate) = (rate(|request| request.arrived), rate(|request| request.scheduled));
    let fidelity = intended_rate.zip(achieved_rate).map(|(intended, achieved)| achieved / intended);
    Some(Schedule { intended_rate, achieved_rate, fidelity })
}

/// How many gaps there are between instants, and seconds from the first to the last.
#[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
fn gaps(instants: impl Iterator<Item = Timestamp>) -> (f64, f64) {
    let instants: Vec<_> = instants.collect();
    match (instants.iter().min(), instants.iter().max()) {
        (Some(first), Some(&last)) => ((instants.len() - 1) as f64, last.since(*first).get()),
        _ => (0.0, 0.0),
    }
}

/// Share of requests that came while as many were in flight as may be.
#[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
pub(super) fn capped_share(processes: &[&ProcessRecord], timelines: &[&[RequestTimeline]]) -> Option<f64> {
    let (mut capped, mut all) = (0u64, 0u64);
    for (process, timelines) in processes.iter().zip(timelines).filter(|(process, _)| is_scheduled(process)) {
        let Some(cap) = process.offered.as_ref().and_then(|load| load.cap) else { continue };
        let flights = flights(timelines.iter());
        let levels = levels(&changes(&flights));
        for arrived in timelines.iter().filter_map(|request| request.arrived) {
            let before = levels.partition_point(|&(at, _)| at <= arrived);
            let in_flight = before.checked_sub(1).map_or(0, |last| levels[last].1);
            capped += u64::from(in_flight >= i64::from(cap));
            all += 1;
        }
    }
    (all > 0).then(|| capped as f64 / all as f64)
}

/// How many are in flight from each instant on.
fn levels(changes: &[(Timestamp, i64)]) -> Vec<(Timestamp, i64)> {
    let counted = changes.iter().scan(0, |count, &(at, change)| {
        *count += change;
        Some((at, *count))
    });
    counted.collect()
}
