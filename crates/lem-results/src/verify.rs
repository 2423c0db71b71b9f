//! Checking a bundle as someone who does not trust it would: digests, the consistency of what was recorded, and every figure
//! derived anew and compared with the one that is stored.
//!
//! What can be found and what cannot is in docs/verify.md. Start at [`ResultsFolder::verify`].

mod code;
mod figures;
mod files;
mod host;
mod requests;
mod stages;

pub use code::ReasonCode;

use crate::error::ResultsError;
use crate::folder::ResultsFolder;
use crate::record::document::{ProblemRecord, SummaryRecord, VerificationRecord};
use lem_domain::ExperimentId;
use lem_domain::record::RunRecord;

/// Collects what is wrong, each with the place where it was seen.
#[derive(Debug, Default)]
struct Problems(Vec<ProblemRecord>);

impl Problems {
    fn add(&mut self, code: ReasonCode, place: impl Into<String>, message: impl Into<String>) {
        self.0.push(ProblemRecord { code, place: place.into(), message: message.into(), stored: None, derived: None });
    }
}

impl ResultsFolder {
    /// Checks a bundle. What is wrong with it is in the record; an error means that there was nothing to check.
    ///
    /// # Errors
    /// When there is no such experiment or its folder cannot be read.
    pub fn verify(&self, id: &ExperimentId) -> Result<VerificationRecord, ResultsError> {
        let mut problems = Problems::default();
        let files = files::check(self, id, &mut problems)?;
        let record = problems.noting(self.load_record(id).map(|record| record.cycles));
        let mut figures = 0;
        if let Some(cycles) = &record {
            for (index, cycle) in cycles.iter().enumerate() {
                examine(&format!("cycle {index}"), cycle, &mut problems);
            }
            stages::across(cycles, &mut problems);
            if let Some(derived) = problems.noting(self.derive(id)) {
                figures = self.compare(id, &derived, &mut problems)?;
            }
        }
        let is_sound = problems.0.is_empty();
        Ok(VerificationRecord {
            experiment_id: id.to_string(),
            is_sound,
            files_checked: files,
            figures_checked: figures,
            problems: problems.0,
        })
    }

    /// Compares every stored figure with the derived one; how many there were.
    fn compare(&self, id: &ExperimentId, derived: &SummaryRecord, problems: &mut Problems) -> Result<u64, ResultsError> {
        match self.summary(id) {
            Ok(Some(stored)) => Ok(figures::compare(&stored, derived, problems)),
            Ok(None) => {
                problems.add(ReasonCode::FiguresMissing, "aggregated.json", "the figures have not been derived");
                Ok(0)
            }
            Err(error) => {
                problems.noting::<()>(Err(error));
                Ok(0)
            }
        }
    }
}

/// What one cycle recorded, held to what can be true.
fn examine(place: &str, cycle: &RunRecord, problems: &mut Problems) {
    stages::check(place, cycle, problems);
    for process in &cycle.processes {
        requests::check(&format!("{place}, process {}", process.index), process, problems);
    }
    host::check(place, cycle, problems);
}

impl Problems {
    /// Turns a failure to read into the problem that it is, and lets the checking go on.
    fn noting<T>(&mut self, result: Result<T, ResultsError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let code = code::of_error(&error);
                let place = error.path().map_or_else(String::new, |path| path.display().to_string());
                // The files are checked first, and what is wrong with one of them is said once.
                if !self.0.iter().any(|known| place.ends_with(&known.place) && known.code.is_of_a_file()) {
                    self.add(code, place, error.to_string());
                }
                None
            }
        }
    }
}
