//! Tables for people: few columns, the unit once, values with their uncertainty, and the reasons of absences as notes.

use crate::figure::{Figure, figures};
use crate::number;
use crate::stored::{StoredResult, setting_text, varying_settings};
use lem_domain::Grade;

/// A table for people.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Paper {
    pub(super) header: Vec<Heading>,
    pub(super) rows: Vec<Vec<Entry>>,
    /// Why values are missing, in the order in which cells refer to them, from 1.
    pub(super) notes: Vec<String>,
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heading {
    pub(super) text: String,
    /// Symbol of the unit of all values below.
    pub(super) unit: Option<&'static str>,
    /// Whether numbers stand below, aligned at their end.
    pub(super) numeric: bool,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    Text(String),
    /// A value, and its expanded uncertainty (k = 2) where that is known.
    Value {
        value: String,
        expanded: Option<String>,
        estimated: bool,
    },
    /// No value; the number of its note, from 1.
    Missing(usize),
}

/// The figures of a wide table: name, head, unit and what one unit of the figure is in it.
const HEADLINES: [(&str, &str, &str, f64); 6] = [
    ("output_tok_per_s", "output", "tok/s", 1.0),
    ("energy_j", "energy", "J", 1.0),
    ("mean_power_w", "power", "W", 1.0),
    ("energy_j_per_output_token", "energy per output token", "mJ", 1e3),
    ("ttft_p50_s", "TTFT, median", "ms", 1e3),
    ("itl_p50_s", "ITL, median", "ms", 1e3),
];

/// One row per result: what tells it apart, and its headline figures.
pub(super) fn headlines(results: &[StoredResult]) -> Paper {
    let settings = varying_settings(results);
    // A model that settings name already would stand there twice.
    let settings: Vec<&String> = settings.iter().filter(|path| !["model_name", "backend"].contains(&path.as_str())).collect();
    let mut header = vec![text("experiment"), text("model"), text("backend")];
    header.extend(settings.iter().map(|path| text(path)));
    header.extend(HEADLINES.iter().map(|&(_, head, unit, _)| Heading { text: head.to_owned(), unit: Some(unit), numeric: true }));
    header.extend([text("grade"), text("covers")]);
    let mut notes = Notes::default();
    let rows = results.iter().map(|result| {
        let summary = &result.summary;
        let list = figures(summary);
        let find = |name: &str| list.iter().find(|figure| figure.name == name);
        let mut row =
            vec![Entry::Text(summary.experiment_id.clone()), Entry::Text(model(result)), Entry::Text(summary.engine.backend.to_string())];
        row.extend(settings.iter().map(|path| Entry::Text(result.settings.get(*path).map(setting_text).unwrap_or_default())));
        row.extend(HEADLINES.iter().map(|&(name, _, _, factor)| notes.entry(find(name), factor)));
        let energy = &summary.energy.total;
        row.push(Entry::Text(energy.grade.to_string()));
        row.push(Entry::Text(energy.boundary.map(|boundary| boundary.to_string()).unwrap_or_default()));
        row
    });
    let rows = rows.collect();
    Paper { header, rows, notes: notes.reasons }
}

/// One row per figure of each result.
pub(super) fn all(results: &[StoredResult]) -> Paper {
    let header = ["experiment", "figure", "value", "unit", "grade", "covers"];
    let header = header.map(|head| Heading { numeric: head == "value", ..text(head) }).into();
    let mut notes = Notes::default();
    let mut rows = Vec::new();
    for result in results {
        for figure in figures(&result.summary) {
            rows.push(vec![
                Entry::Text(result.summary.experiment_id.clone()),
                Entry::Text(figure.label.clone()),
                notes.entry(Some(&figure), 1.0),
                Entry::Text(figure.unit.clone()),
                Entry::Text(figure.grade.to_string()),
                Entry::Text(figure.boundary.map(|boundary| boundary.to_string()).unwrap_or_default()),
            ]);
        }
    }
    Paper { header, rows, notes: notes.reasons }
}

/// Name of a model as it is short: its own, else the last part of the reference.
fn model(result: &StoredResult) -> String {
    let model = &result.summary.model;
    let last = || model.reference.rsplit('/').next().unwrap_or(&model.reference).to_owned();
    model.name.clone().unwrap_or_else(last)
}

fn text(head: &str) -> Heading {
    Heading { text: head.to_owned(), unit: None, numeric: false }
}

/// Reasons of absences, each once.
#[derive(Default)]
struct Notes {
    reasons: Vec<String>,
}

impl Notes {
    fn entry(&mut self, figure: Option<&Figure>, factor: f64) -> Entry {
        let value = figure.and_then(|figure| Some((figure, figure.value?)));
        let Some((figure, value)) = value else {
            let reason = figure.and_then(|figure| figure.absence.as_deref()).unwrap_or("it was not recorded");
            return Entry::Missing(self.number_of(reason));
        };
        let expanded = figure.uncertainty.map(|uncertainty| uncertainty.expanded_k2 * factor);
        let estimated = figure.grade == Grade::Estimated;
        let (value, expanded) = match value {
            crate::figure::Number::Count(count) => (count.to_string(), None),
            crate::figure::Number::Real(value) => number::bare(value * factor, expanded),
        };
        Entry::Value { value, expanded, estimated }
    }

    fn number_of(&mut self, reason: &str) -> usize {
        let known = self.reasons.iter().position(|known| known == reason);
        1 + known.unwrap_or_else(|| {
            self.reasons.push(reason.to_owned());
            self.reasons.len() - 1
        })
    }
}
