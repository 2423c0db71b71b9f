//! Sealing: the digests of everything that a run left behind.

use super::raw::raw_names;
use super::{ResultsFolder, first_process};
use crate::error::ResultsError;
use crate::json;
use crate::layout;
use crate::record::document::{FileRecord, ManifestRecord};
use lem_domain::ExperimentId;
use std::collections::BTreeMap;

impl ResultsFolder {
    /// Writes the digests of the setup documents and all raw files into the manifest.
    ///
    /// `aggregated.json` is derived and can be rebuilt, and `state.json` goes on changing; both stay out.
    pub(super) fn close(&self, id: &ExperimentId) -> Result<(), ResultsError> {
        let bundle = self.bundle(id)?;
        let manifest = self.manifest(id)?;
        let first = first_process(&bundle)?.ok_or_else(|| ResultsError::MissingRaw { path: bundle.raw() })?;
        let mut files = BTreeMap::new();
        for name in layout::SETUP.into_iter().map(str::to_owned).chain(raw_names(&bundle)?) {
            let path = bundle.file(&name);
            let bytes = json::read(&path)?.ok_or(ResultsError::MissingDocument { path })?;
            files.insert(name, FileRecord::of(&bytes));
        }
        json::save(&bundle.manifest(), &ManifestRecord { engine: Some(first.engine), files: Some(files), ..manifest })
    }
}
