//! A study and its cells.

use super::out;
use crate::commands::study::{Load, Task};
use lem_domain::study::{CellState, LeftOut, StudyCell, StudyPlan};
use lem_results::StudyFolder;
use serde_json::{Value, json};
use std::io;

/// What a study would run, on stdout.
pub(crate) fn plan(plan: &StudyPlan, load: Load, json: bool) -> io::Result<()> {
    if json {
        return out::json(&json!({
            "name": plan.name,
            "cycles": plan.cycles,
            "order": plan.order.as_str(),
            "requests": load.requests,
            "max_output_tokens": load.output_tokens,
            "cells": plan.cells.iter().map(planned).collect::<Vec<_>>(),
        }));
    }
    out::line(in_short(plan, load))?;
    for cell in &plan.cells {
        out::line(format!(" {}  {}", cell.name, left_out(cell).unwrap_or_default()).trim_end())?;
    }
    Ok(())
}

/// The same in short, on stderr.
pub(crate) fn announce(plan: &StudyPlan, load: Load) {
    anstream::eprintln!("{}", in_short(plan, load));
}

/// How far each cell has come, on stdout.
pub(crate) fn status(folder: &StudyFolder, plan: &StudyPlan, states: &[CellState], tasks: &[Task], json: bool) -> io::Result<()> {
    let task = |position: usize| tasks.iter().find(|task| task.cell == position).map(|task| task.state.as_str());
    let cells = plan.cells.iter().zip(states).enumerate();
    if json {
        let cells: Vec<Value> = cells
            .map(|(position, (cell, state))| {
                let mut value = planned(cell);
                value["status"] = if cell.left_out.is_none() { json!(state.status.as_str()) } else { Value::Null };
                value["experiment_id"] = json!(state.experiment.as_ref().map(lem_domain::ExperimentId::as_str));
                value["cycles"] = json!(state.cycles);
                value["failures"] = json!(state.failures);
                value["reason"] = json!(state.reason);
                value["task"] = json!(task(position));
                value
            })
            .collect();
        return out::json(&json!({
            "name": plan.name,
            "cycles": plan.cycles,
            "order": plan.order.as_str(),
            "results": folder.results().root(),
            "cells": cells,
        }));
    }
    for (position, (cell, state)) in cells {
        let what = match left_out(cell) {
            Some(left_out) => left_out,
            None => {
                let id = state.experiment.as_ref().map_or_else(String::new, |id| format!("  {id}"));
                let reason = state.reason.as_ref().map_or_else(String::new, |reason| format!("  {reason}"));
                let task = task(position).map_or_else(String::new, |state| format!("  task {state}"));
                format!("{}  {} of {} cycles{task}{id}{reason}", state.status, state.cycles, plan.cycles)
            }
        };
        out::line(format!(" {}  {what}", cell.name))?;
    }
    Ok(())
}

fn in_short(plan: &StudyPlan, load: Load) -> String {
    let run = plan.cells.iter().filter(|cell| cell.left_out.is_none()).count();
    let count = |number: Option<u64>| number.map_or_else(|| "an unknown number of".to_owned(), |number| number.to_string());
    format!(
        "{}: {run} of {} cells are run, {} cycles each, {}: {} requests, {} output tokens at most",
        plan.name,
        plan.cells.len(),
        plan.cycles,
        plan.order,
        count(load.requests),
        count(load.output_tokens)
    )
}

fn planned(cell: &StudyCell) -> Value {
    let (same_as, invalid) = match &cell.left_out {
        None => (None, None),
        Some(LeftOut::SameAs(other)) => (Some(other), None),
        Some(LeftOut::Invalid(reason)) => (None, Some(reason)),
    };
    json!({ "name": cell.name, "same_as": same_as, "invalid": invalid })
}

fn left_out(cell: &StudyCell) -> Option<String> {
    Some(match cell.left_out.as_ref()? {
        LeftOut::SameAs(other) => format!("the same as {other}"),
        LeftOut::Invalid(reason) => format!("no experiment: {reason}"),
    })
}
