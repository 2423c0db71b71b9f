//! A result together with what it was asked: what several results are told apart by.

use crate::error::ResultsError;
use crate::folder::ResultsFolder;
use crate::json;
use crate::layout;
use crate::record::document::SummaryRecord;
use lem_domain::ExperimentId;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A result and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResult {
    /// When the run was created, wall time in UTC, RFC 3339.
    pub created_at: String,
    /// Every setting by its dotted path, defaults included; empty where the bundle does not tell.
    pub settings: BTreeMap<String, Value>,
    /// The figures.
    pub summary: SummaryRecord,
}

/// Settings that say nothing of what was run, so that no table tells results apart by them.
const LABELS: [&str; 3] = ["config_name", "extra_metadata", "io."];

impl ResultsFolder {
    /// The result of an experiment with its settings; `None` when the figures have not been derived.
    ///
    /// # Errors
    /// When there is no such experiment, or one of its documents is damaged or of an unknown version.
    pub fn stored(&self, id: &ExperimentId) -> Result<Option<StoredResult>, ResultsError> {
        /// One setting, as `provenance.json` has it.
        #[derive(Deserialize)]
        struct Setting {
            #[serde(default)]
            value: Value,
        }
        let Some(summary) = self.summary(id)? else { return Ok(None) };
        let created_at = self.manifest(id)?.created_at;
        let bytes = json::read(&self.path(id).join(layout::PROVENANCE))?;
        // Bundles are made by programs that know more than lem; what is no list of settings tells none.
        let settings: Option<BTreeMap<String, Setting>> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let settings = settings.into_iter().flatten().map(|(path, setting)| (path, setting.value)).collect();
        Ok(Some(StoredResult { created_at, settings, summary }))
    }
}

/// Paths of the settings that are not the same in all of several results, in order.
#[must_use]
pub fn varying_settings(results: &[StoredResult]) -> Vec<String> {
    let Some((first, others)) = results.split_first() else { return Vec::new() };
    let paths: std::collections::BTreeSet<&String> = results.iter().flat_map(|result| result.settings.keys()).collect();
    let varies = |path: &&String| {
        !LABELS.iter().any(|label| path.starts_with(label))
            && others.iter().any(|other| other.settings.get(*path) != first.settings.get(*path))
    };
    paths.into_iter().filter(varies).cloned().collect()
}

/// A setting as text: words without their quotes, the rest as JSON.
#[must_use]
pub fn setting_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
