//! What a grid came to.

use super::{number, out};
use crate::commands::config::grid::Report;
use std::io;

/// Combinations that are told one by one.
const TOLD: usize = 5;

/// Says what will be written, before it is.
pub(crate) fn announce(report: &Report) {
    anstream::eprintln!("{}", estimate(report));
}

/// Shows what became of all combinations.
pub(crate) fn show(report: &Report, json: bool) -> io::Result<()> {
    if json {
        return out::json(&report.json());
    }
    let count = |count: usize| number::count(count as u64);
    let mut parts = vec![format!("{} experiments", count(report.valid.len()))];
    for (what, number) in
        [("left out", report.excluded), ("the same as another", report.duplicates.len()), ("no experiment", report.invalid.len())]
    {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    out::line(format_args!("{} combinations: {}", count(report.combinations), parts.join(", ")))?;
    for (name, of) in report.duplicates.iter().take(TOLD) {
        out::line(format_args!("  the same  {name}: {of}"))?;
    }
    for (name, reason) in report.invalid.iter().take(TOLD) {
        out::line(format_args!("  no experiment  {name}: {reason}"))?;
    }
    let untold = report.duplicates.len().saturating_sub(TOLD) + report.invalid.len().saturating_sub(TOLD);
    if untold > 0 {
        out::line(format_args!("  and {} more; `--json` names them all", count(untold)))?;
    }
    match &report.folder {
        Some(folder) => out::line(format_args!("written to {}", folder.display())),
        None => out::line("nothing was written"),
    }
}

fn estimate(report: &Report) -> String {
    let experiments = number::count(report.valid.len() as u64);
    match (report.requests, report.output_tokens) {
        (Some(requests), Some(tokens)) => {
            let (requests, tokens) = (number::count(requests), number::count(tokens));
            format!("{experiments} experiments of {requests} requests in all, with at most {tokens} output tokens")
        }
        _ => format!("{experiments} experiments, some of them over a whole data set"),
    }
}
