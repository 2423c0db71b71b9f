//! The experiments of a folder as the explorer lists them.

use crate::error::ResultsError;
use crate::folder::{ListEntry, ResultsFolder};
use serde::Serialize;

/// What the explorer's page asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing {
    /// Path of the folder.
    folder: String,
    /// Name and version of the program.
    tool: String,
    /// Its experiments, sorted by id.
    experiments: Vec<Entry>,
}

/// One experiment; the names of figures are those of exports.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Entry {
    id: String,
    model: Option<String>,
    backend: Option<String>,
    state: Option<&'static str>,
    problem: Option<String>,
    output_tokens: Option<u64>,
    output_tok_per_s: Option<f64>,
    energy_j: Option<f64>,
    energy_j_per_output_token: Option<f64>,
    energy_j_per_output_token_expanded: Option<f64>,
    grade: Option<&'static str>,
}

impl Listing {
    /// Lists a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(folder: &ResultsFolder, tool: &str) -> Result<Self, ResultsError> {
        let experiments = folder.list()?.into_iter().map(Entry::from).collect();
        Ok(Self { folder: folder.root().display().to_string(), tool: tool.to_owned(), experiments })
    }
}

impl From<ListEntry> for Entry {
    fn from(entry: ListEntry) -> Self {
        let headline = entry.headline.as_ref();
        let per_token = headline.map(|headline| &headline.energy_per_output_token);
        Self {
            id: entry.id.clone(),
            model: entry.model.clone(),
            backend: entry.backend.clone(),
            state: entry.state.as_ref().map(|state| state.phase.as_str()),
            problem: entry.problem.clone(),
            output_tokens: headline.map(|headline| headline.output_tokens),
            output_tok_per_s: headline.and_then(|headline| headline.output_throughput.value),
            energy_j: headline.and_then(|headline| headline.energy.value),
            energy_j_per_output_token: per_token.and_then(|quantity| quantity.value),
            energy_j_per_output_token_expanded: per_token.and_then(|quantity| Some(quantity.uncertainty?.expanded_k2)),
            grade: headline.map(|headline| headline.energy.grade.as_str()),
        }
    }
}
