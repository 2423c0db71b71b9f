//! Lists: experiments, raw records, origins of settings.

use super::summary::{align, plain};
use super::{number, out};
use lem_config::{Provenance, Resolved};
use lem_results::record::document::QuantityRecord;
use lem_results::{ListEntry, RawFiles};

/// The experiments of a folder, on stdout.
pub(crate) fn show(entries: &[ListEntry]) -> std::io::Result<()> {
    let mut table = plain(["experiment", "state", "model", "output tokens", "throughput", "energy", "per token", "grade"]);
    for entry in entries {
        let state = entry.state.as_ref().map_or("-", |state| state.phase.as_str());
        let state = if entry.problem.is_some() { "damaged" } else { state };
        let model = entry.model.as_deref().map_or("-", |model| model.rsplit('/').next().unwrap_or(model));
        let headline = entry.headline.as_ref();
        let figure = |pick: fn(&lem_results::Headline) -> &QuantityRecord| {
            headline
                .map(pick)
                .and_then(|quantity| quantity.value.map(|value| number::with_unit(value, &quantity.unit)))
                .unwrap_or("-".to_owned())
        };
        table.add_row([
            entry.id.clone(),
            state.to_owned(),
            model.to_owned(),
            headline.map_or_else(|| "-".to_owned(), |headline| number::count(headline.output_tokens)),
            figure(|headline| &headline.output_throughput),
            figure(|headline| &headline.energy),
            figure(|headline| &headline.energy_per_output_token),
            headline.map_or_else(|| "-".to_owned(), |headline| headline.energy.grade.to_string()),
        ]);
    }
    for column in 3..=6 {
        align(&mut table, column);
    }
    out::line(table.trim_fmt())?;
    for (id, problem) in entries.iter().filter_map(|entry| Some((&entry.id, entry.problem.as_ref()?))) {
        anstream::eprintln!("{id}: {problem}");
    }
    Ok(())
}

/// The raw records of one experiment, on stdout.
pub(crate) fn raw(raw: &RawFiles) -> std::io::Result<()> {
    for file in &raw.files {
        out::line(file.display())?;
    }
    for document in raw.cycles.iter().flat_map(|cycle| cycle.processes.iter().chain(&cycle.host)) {
        out::text("\n")?;
        out::json(document)?;
    }
    Ok(())
}

/// Every setting with its value and where that came from, on stdout.
pub(crate) fn origins(resolved: &Resolved) -> std::io::Result<()> {
    let mut table = plain(["setting", "value", "origin"]);
    for Provenance { path, value, origin, line } in resolved.provenance() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        table.add_row([path.to_owned(), value, format!("{origin}{line}")]);
    }
    out::line(table.trim_fmt())
}
