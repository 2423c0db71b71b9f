//! What happened one after the other, and what must be the same everywhere.

use super::{Problems, ReasonCode};
use lem_domain::record::{ProcessRecord, RunRecord};
use lem_domain::{TimeWindow, Timestamp};

/// The processes of one cycle.
pub(super) fn check(place: &str, cycle: &RunRecord, problems: &mut Problems) {
    let expected = cycle.processes.iter().map(|process| process.expected_processes).max().unwrap_or(1);
    let found = cycle.processes.len();
    if found < usize::try_from(expected).unwrap_or(usize::MAX) {
        problems.add(ReasonCode::ProcessMissing, place, format!("{found} of {expected} processes left a record"));
    }
    for process in &cycle.processes {
        let stages: Vec<TimeWindow> =
            [Some(process.load), process.warmup.map(|warmup| warmup.window), process.window].into_iter().flatten().collect();
        if stages.windows(2).any(|pair| pair[1].start < pair[0].end) {
            let place = format!("{place}, process {}", process.index);
            problems.add(ReasonCode::StagesOutOfOrder, place, "one stage began before the one before it had ended");
        }
    }
    let windows: Vec<TimeWindow> = cycle.processes.iter().filter_map(|process| process.window).collect();
    let latest_start = windows.iter().map(|window| window.start).max();
    let earliest_end = windows.iter().map(|window| window.end).min();
    if latest_start.zip(earliest_end).is_some_and(|(start, end): (Timestamp, Timestamp)| start >= end) {
        problems.add(ReasonCode::WindowsApart, place, "the windows of its processes do not overlap");
    }
}

/// All processes of all cycles.
pub(super) fn across(cycles: &[RunRecord], problems: &mut Problems) {
    let mut processes = cycles.iter().flat_map(|cycle| &cycle.processes);
    let Some(first) = processes.next() else { return };
    let backend = |process: &ProcessRecord| (process.engine.backend, process.engine.version.clone(), process.engine.kernel.clone());
    let model = |process: &ProcessRecord| {
        let model = &process.model;
        (model.reference.clone(), model.weights_sha256.clone(), model.tokenizer_sha256.clone(), model.parameters, model.shape)
    };
    for process in processes {
        let place = format!("process {}", process.index);
        if backend(process) != backend(first) {
            problems.add(ReasonCode::BackendsMixed, &place, "its engine is not that of the first process");
        }
        if model(process) != model(first) {
            problems.add(ReasonCode::ModelsMixed, &place, "its model is not that of the first process");
        }
    }
}
