//! From what a person types to an experiment.

use super::ResultsFolder;
use crate::error::ResultsError;
use lem_domain::ExperimentId;
use std::cmp::Reverse;
use std::io;

/// Ids offered when one is not found.
const OFFERED: usize = 5;

impl ResultsFolder {
    /// The experiment with this id, or the only one whose id starts with the text.
    ///
    /// # Errors
    /// When there is none or several, or the folder cannot be read.
    pub fn resolve(&self, text: &str) -> Result<ExperimentId, ResultsError> {
        let ids = self.ids()?;
        if let Some(exact) = ids.iter().find(|id| id.as_str() == text) {
            return Ok(exact.clone());
        }
        // An empty text is the start of everything, which nobody means.
        let mut candidates: Vec<&ExperimentId> = ids.iter().filter(|id| !text.is_empty() && id.as_str().starts_with(text)).collect();
        match (candidates.pop(), candidates.as_slice()) {
            (None, _) => Err(self.unknown(text)),
            (Some(only), []) => Ok(only.clone()),
            (Some(last), others) => {
                let candidates = others.iter().chain([&last]).map(ToString::to_string).collect();
                Err(ResultsError::AmbiguousId { text: text.to_owned(), candidates })
            }
        }
    }

    /// The ids of all bundles, in order, which is the order of time. No folder, no bundles.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<ExperimentId>, ResultsError> {
        let entries = match std::fs::read_dir(self.root()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ResultsError::reading(self.root(), error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| ResultsError::reading(self.root(), error))?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<ExperimentId>().ok());
            ids.extend(id.filter(|_| entry.path().is_dir()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    pub(super) fn unknown(&self, text: &str) -> ResultsError {
        // A folder that cannot be listed has no ids to offer; what is reported is the missing experiment.
        let mut ids = self.ids().unwrap_or_default();
        ids.reverse();
        ids.sort_by_key(|id| Reverse(shared_start(id.as_str(), text)));
        let nearest = ids.iter().take(OFFERED).map(ToString::to_string).collect();
        ResultsError::UnknownExperiment { text: text.to_owned(), root: self.root().to_owned(), nearest }
    }
}

/// Bytes that two texts share at their start.
fn shared_start(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}
