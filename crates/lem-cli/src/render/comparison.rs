//! Verdicts, results side by side, and what checking a bundle found, on stdout.

use super::out;
use super::summary::{align, plain};
use comfy_table::Table;
use lem_results::number;
use lem_results::record::document::{
    ArmRecord, ComparisonRecord, ConfidenceIntervalRecord, SideBySideRecord, SideRecord, VerificationRecord,
};

/// One comparison.
pub(crate) fn verdict(found: &ComparisonRecord) -> std::io::Result<()> {
    out::line(format_args!("A         {}", arm(&found.a, &found.unit)))?;
    out::line(format_args!("B         {}", arm(&found.b, &found.unit)))?;
    out::line(format_args!("verdict   {}", found.verdict.as_str()))?;
    if let Some(effect) = &found.effect {
        let change = |ratio: f64| format!("{:+.2} %", 100.0 * (ratio - 1.0));
        let interval = effect.ratio_interval;
        out::line(format_args!(
            "effect    B takes {} ({} to {} at {:.0} %), {} runs{}",
            change(effect.ratio),
            change(interval.low),
            change(interval.high),
            100.0 * found.confidence,
            effect.design,
            effect.blocks.map_or_else(String::new, |blocks| format!(" in {blocks} blocks"))
        ))?;
    }
    if let Some(detectable) = found.detectable {
        out::line(format_args!("resolves  {:.2} % with as many interleaved pairs and this scatter", 100.0 * detectable))?;
    }
    out::line(format_args!("margin    {:.2} %", 100.0 * found.margin))?;
    found.reason.iter().try_for_each(|reason| out::line(format_args!("note      {reason}")))
}

fn arm(arm: &ArmRecord, unit: &str) -> String {
    let value = arm.energy_per_output_token.map_or_else(|| "no energy".to_owned(), |value| with_interval(value, arm.interval, unit));
    format!("{value} (n = {}) {}", arm.repetitions, arm.experiment_ids.join(" "))
}

fn with_interval(value: f64, interval: Option<ConfidenceIntervalRecord>, unit: &str) -> String {
    let shown = number::with_unit(value, unit);
    match interval {
        Some(ConfidenceIntervalRecord { low, high }) => {
            format!("{shown}, {} to {}", number::with_unit(low, unit), number::with_unit(high, unit))
        }
        None => shown,
    }
}

/// A row a figure, a column a result, and the verdicts below.
pub(crate) fn side_by_side(found: &SideBySideRecord) -> std::io::Result<()> {
    let mut header = vec!["figure".to_owned()];
    header.extend(found.sides.iter().map(|side| side.experiment_id.clone()));
    let mut table: Table = plain([""; 0]);
    table.set_header(header);
    let mut row = |name: &str, of: &dyn Fn(&SideRecord) -> String| {
        table.add_row(std::iter::once(name.to_owned()).chain(found.sides.iter().map(of)).collect::<Vec<_>>());
    };
    row("model", &|side| side.model.clone());
    row("engine", &|side| format!("{} on {}", side.backend, side.device));
    row("cycles", &|side| number::count(side.cycles));
    row("requests", &|side| number::count(side.completed_requests));
    row("output tokens", &|side| number::count(side.output_tokens));
    let figures = found.sides.first().map_or(0, |side| side.figures.len());
    for index in 0..figures {
        let name = found.sides[0].figures[index].name.clone();
        row(&name, &|side| {
            let quantity = &side.figures[index].quantity;
            quantity
                .value
                .map_or_else(|| "-".to_owned(), |value| format!("{}, {}", number::with_unit(value, &quantity.unit), quantity.grade))
        });
    }
    let latencies = found.sides.first().map_or(0, |side| side.latencies.len());
    for index in 0..latencies {
        let name = found.sides[0].latencies[index].name.clone();
        row(&name, &|side| side.latencies[index].seconds.map_or_else(|| "-".to_owned(), number::seconds));
    }
    for column in 1..=found.sides.len() {
        align(&mut table, column);
    }
    out::line(table.trim_fmt())?;
    for comparison in &found.comparisons {
        let effect = comparison.effect.as_ref().map_or_else(String::new, |effect| {
            let change = |ratio: f64| 100.0 * (ratio - 1.0);
            let interval = effect.ratio_interval;
            format!(": {:+.2} % J/token ({:+.2} to {:+.2} %)", change(effect.ratio), change(interval.low), change(interval.high))
        });
        let note = comparison.reason.as_ref().map_or_else(String::new, |reason| format!("; {reason}"));
        out::line(format_args!(
            "\n{} against the first: {}{effect}{note}",
            comparison.b.experiment_ids.join(" "),
            comparison.verdict.as_str()
        ))?;
    }
    Ok(())
}

/// What checking a bundle found.
pub(crate) fn verification(found: &VerificationRecord) -> std::io::Result<()> {
    for problem in &found.problems {
        out::line(format_args!("{}  {}: {}", problem.code.as_str(), problem.place, problem.message))?;
        if let (Some(stored), Some(derived)) = (&problem.stored, &problem.derived) {
            out::line(format_args!("  stored {stored}, derived {derived}"))?;
        }
    }
    let verdict = if found.is_sound { "sound" } else { "not sound" };
    out::line(format_args!(
        "{}: {verdict}; {} files and {} figures checked, {} problems",
        found.experiment_id,
        found.files_checked,
        found.figures_checked,
        found.problems.len()
    ))
}
