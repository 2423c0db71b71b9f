//! What a row is: a result, or one figure of a result.

use super::table::{Cell, Table};
use crate::figure::{Figure, figures};
use crate::stored::{StoredResult, setting_text, varying_settings};

/// What a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A result, with columns for each figure.
    #[default]
    Wide,
    /// One figure of a result, with a column for each thing that questions it.
    Long,
}

impl Layout {
    pub(super) fn table(self, results: &[StoredResult]) -> Table {
        let settings = varying_settings(results);
        let mut table = Table::default();
        for result in results {
            let identity = identity(result, &settings);
            let list = figures(&result.summary);
            match self {
                Self::Wide => table.push(identity.into_iter().chain(list.into_iter().flat_map(wide)).chain([findings(result)])),
                Self::Long => list.into_iter().for_each(|figure| table.push(identity.iter().cloned().chain(long(figure)))),
            }
        }
        table
    }
}

/// What a result is told apart by.
fn identity(result: &StoredResult, settings: &[String]) -> Vec<(String, Cell)> {
    let (summary, engine) = (&result.summary, &result.summary.engine);
    let mut cells = vec![
        ("experiment_id".to_owned(), Cell::text(&summary.experiment_id)),
        ("created_at".to_owned(), Cell::text(&result.created_at)),
        ("model".to_owned(), Cell::text(&summary.model.reference)),
        ("model_revision".to_owned(), Cell::optional(summary.model.revision.as_deref())),
        ("weight_types".to_owned(), Cell::text(&summary.model.weight_types)),
        ("backend".to_owned(), Cell::text(engine.backend.to_string())),
        ("engine_version".to_owned(), Cell::text(&engine.version)),
        ("device".to_owned(), Cell::text(&engine.device)),
        ("dataset".to_owned(), Cell::text(&summary.dataset.name)),
        ("processes".to_owned(), Cell::count(summary.processes.into())),
    ];
    cells.extend(settings.iter().map(|path| (format!("setting:{path}"), Cell::optional(result.settings.get(path).map(setting_text)))));
    cells
}

fn findings(result: &StoredResult) -> (String, Cell) {
    let codes: Vec<&str> = result.summary.findings.iter().map(|finding| finding.code.as_str()).collect();
    ("findings".to_owned(), Cell::text(codes.join(" ")))
}

/// The columns of a figure: its value, and what questions that. A plain one has only the reason of its absence beside it.
fn wide(figure: Figure) -> Vec<(String, Cell)> {
    let beside = |what: &str| format!("{}:{what}", figure.name);
    let mut cells = vec![(figure.name.clone(), Cell::number(figure.value))];
    if !figure.plain {
        let uncertainty = figure.uncertainty;
        cells.push((beside("expanded_k2"), Cell::real(uncertainty.map(|uncertainty| uncertainty.expanded_k2))));
        cells.push((beside("grade"), Cell::text(figure.grade.as_str())));
        cells.push((beside("validity"), Cell::text(figure.validity.as_str())));
        cells.push((beside("boundary"), Cell::optional(figure.boundary.map(lem_domain::Boundary::as_str))));
    }
    if !figure.plain || figure.absence.is_some() {
        cells.push((beside("absence"), Cell::optional(figure.absence.clone())));
    }
    cells
}

fn long(figure: Figure) -> impl Iterator<Item = (String, Cell)> {
    let uncertainty = figure.uncertainty;
    [
        ("figure", Cell::text(figure.name)),
        ("value", Cell::number(figure.value)),
        ("unit", Cell::text(figure.unit)),
        ("systematic", Cell::real(uncertainty.map(|uncertainty| uncertainty.systematic))),
        ("random", Cell::real(uncertainty.map(|uncertainty| uncertainty.random))),
        ("random_half_width_95", Cell::real(uncertainty.and_then(|uncertainty| uncertainty.random_half_width_95))),
        ("expanded_k2", Cell::real(uncertainty.map(|uncertainty| uncertainty.expanded_k2))),
        ("grade", Cell::text(figure.grade.as_str())),
        ("validity", Cell::text(figure.validity.as_str())),
        ("validity_reason", Cell::optional(figure.validity_reason)),
        ("boundary", Cell::optional(figure.boundary.map(lem_domain::Boundary::as_str))),
        ("source", Cell::optional(figure.source)),
        ("absence", Cell::optional(figure.absence)),
    ]
    .into_iter()
    .map(|(name, cell)| (name.to_owned(), cell))
}
