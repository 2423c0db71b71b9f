//! What a results folder holds, at a glance.

use super::{ResultsFolder, first_process};
use crate::error::ResultsError;
use crate::layout;
use crate::record::document::{QuantityRecord, StateRecord, SummaryRecord};
use lem_domain::ExperimentId;
use serde::Serialize;
use std::error::Error;

/// One bundle at a glance. What a damaged or half-written bundle does not tell is `None`, and `problem` says why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListEntry {
    /// Its id.
    pub id: String,
    /// When the run was created, wall time in UTC, RFC 3339.
    pub created_at: Option<String>,
    /// The model, as written in the configuration; known once a process left a record.
    pub model: Option<String>,
    /// Name of the backend; known once a process left a record.
    pub backend: Option<String>,
    /// How far the run has come.
    pub state: Option<StateRecord>,
    /// Whether figures can be derived: a process and the host's meter left their records.
    pub has_raw: bool,
    /// Whether figures have been derived.
    pub has_aggregate: bool,
    /// The figures that matter most; `None` until figures have been derived.
    pub headline: Option<Headline>,
    /// The first thing that is wrong with the bundle, with its causes.
    pub problem: Option<String>,
}

/// The figures that matter most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Headline {
    /// Output tokens in the window.
    pub output_tokens: u64,
    /// Gross energy of the window.
    pub energy: QuantityRecord,
    /// Energy ÷ output tokens.
    pub energy_per_output_token: QuantityRecord,
    /// Output tokens ÷ window.
    pub output_throughput: QuantityRecord,
}

impl ResultsFolder {
    /// All bundles, sorted by id and thereby by time. A damaged one is listed with its problem.
    ///
    /// # Errors
    /// When the folder cannot be read. A folder that does not exist holds nothing.
    pub fn list(&self) -> Result<Vec<ListEntry>, ResultsError> {
        Ok(self.ids()?.iter().map(|id| self.entry(id)).collect())
    }

    fn entry(&self, id: &ExperimentId) -> ListEntry {
        let bundle = self.place(id);
        let mut problems = Problems::default();
        let manifest = problems.noting(self.manifest(id));
        let state = problems.noting(self.state(id)).flatten();
        let indices = problems.noting(bundle.process_indices(0)).unwrap_or_default();
        let summary = problems.noting(self.summary(id)).flatten();
        let facts = match &summary {
            Some(summary) => Some((summary.model.reference.clone(), summary.engine.backend)),
            None => problems.noting(first_process(&bundle)).flatten().map(|first| (first.model.reference, first.engine.backend)),
        };
        ListEntry {
            id: id.to_string(),
            created_at: manifest.map(|manifest| manifest.created_at),
            model: facts.as_ref().map(|(model, _)| model.clone()),
            backend: facts.map(|(_, backend)| backend.to_string()),
            state,
            has_raw: !indices.is_empty() && bundle.file(&layout::host(0)).is_file(),
            has_aggregate: bundle.file(layout::AGGREGATED).is_file(),
            headline: summary.map(Headline::from),
            problem: problems.first,
        }
    }
}

impl From<SummaryRecord> for Headline {
    fn from(summary: SummaryRecord) -> Self {
        Self {
            output_tokens: summary.tokens.output,
            energy: summary.energy.total,
            energy_per_output_token: summary.energy.per_output_token,
            output_throughput: summary.throughput.output,
        }
    }
}

/// Keeps the first problem and lets the reading go on.
#[derive(Default)]
struct Problems {
    first: Option<String>,
}

impl Problems {
    fn noting<T>(&mut self, result: Result<T, ResultsError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.first.get_or_insert_with(|| with_causes(&error));
                None
            }
        }
    }
}

fn with_causes(error: &ResultsError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
