//! The folder that holds the bundles: one method per thing a reader can ask of a bundle.

mod create;
mod cycles;
mod list;
mod protocol;
mod raw;
mod resolve;
mod seal;
mod writable;

pub use list::{Headline, ListEntry};
pub use raw::{RawCycle, RawFiles};

use crate::error::ResultsError;
use crate::json;
use crate::layout::{self, Bundle};
use crate::record::document::{DatasetRecord, ManifestRecord, ProcessRecord, StateRecord, SummaryRecord};
use lem_domain::ExperimentId;
use lem_domain::derive::summarise;
use std::path::{Path, PathBuf};

/// A folder of bundles. Making this value touches no file; the folder is made with its first bundle.
#[derive(Clone, Debug)]
pub struct ResultsFolder {
    root: PathBuf,
}

impl ResultsFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the bundle of an experiment is, or would be.
    #[must_use]
    pub fn path(&self, id: &ExperimentId) -> PathBuf {
        self.root.join(id.as_str())
    }

    /// Derives the figures of an experiment from its raw records and saves them in `aggregated.json`.
    ///
    /// The document depends on the raw records alone, so repeating this gives the same bytes.
    ///
    /// # Errors
    /// When raw records are missing or damaged, or the document cannot be written.
    pub fn aggregate(&self, id: &ExperimentId) -> Result<SummaryRecord, ResultsError> {
        let record = self.derive(id)?;
        json::save(&self.bundle(id)?.file(layout::AGGREGATED), &record)?;
        Ok(record)
    }

    /// Derives the figures of an experiment from its raw records and leaves what is stored alone.
    ///
    /// # Errors
    /// When raw records are missing or damaged, or a figure is no finite number.
    pub fn derive(&self, id: &ExperimentId) -> Result<SummaryRecord, ResultsError> {
        let summary = summarise(&self.load_record(id)?.cycles);
        let bundle = self.bundle(id)?;
        let first = first_process(&bundle)?.ok_or_else(|| ResultsError::MissingRaw { path: bundle.raw() })?;
        SummaryRecord::of(id, first, &summary).map_err(|error| ResultsError::unrepresentable(&bundle.file(layout::AGGREGATED), error))
    }

    /// Names of the raw files that are there, below the bundle.
    pub(crate) fn raw_names(&self, id: &ExperimentId) -> Result<Vec<String>, ResultsError> {
        raw::raw_names(&self.bundle(id)?)
    }

    /// The figures of an experiment; `None` when they have not been derived.
    ///
    /// # Errors
    /// When there is no such experiment, or the document is damaged or of an unknown version.
    pub fn summary(&self, id: &ExperimentId) -> Result<Option<SummaryRecord>, ResultsError> {
        let path = self.bundle(id)?.file(layout::AGGREGATED);
        let Some(summary) = json::load::<SummaryRecord>(&path)? else { return Ok(None) };
        summary.check(id).map_err(|error| ResultsError::invalid(&path, error))?;
        Ok(Some(summary))
    }

    /// The prompts of the first process, as it recorded them; `None` when there is no record.
    ///
    /// # Errors
    /// When there is no such experiment, or the document is damaged or of an unknown version.
    pub fn dataset(&self, id: &ExperimentId) -> Result<Option<DatasetRecord>, ResultsError> {
        Ok(first_process(&self.bundle(id)?)?.map(|first| first.dataset))
    }

    /// How far an experiment has come; `None` when no state was ever saved.
    ///
    /// # Errors
    /// When there is no such experiment, or the document is damaged or of an unknown version.
    pub fn state(&self, id: &ExperimentId) -> Result<Option<StateRecord>, ResultsError> {
        json::load(&self.bundle(id)?.state())
    }

    /// The resolved configuration of an experiment, YAML as it was written.
    ///
    /// # Errors
    /// When there is no such experiment or its configuration cannot be read.
    pub fn config(&self, id: &ExperimentId) -> Result<String, ResultsError> {
        let path = self.bundle(id)?.file(layout::CONFIG);
        let bytes = json::read(&path)?.ok_or_else(|| ResultsError::MissingDocument { path: path.clone() })?;
        String::from_utf8(bytes).map_err(|error| ResultsError::reading(&path, std::io::Error::other(error)))
    }

    /// Identity of a bundle and, once it is sealed, the digests of its files.
    ///
    /// # Errors
    /// When there is no such experiment, or the manifest is missing, damaged, of an unknown version, or of another
    /// bundle.
    pub fn manifest(&self, id: &ExperimentId) -> Result<ManifestRecord, ResultsError> {
        let bundle = self.bundle(id)?;
        Self::manifest_of(&bundle, id)?.ok_or_else(|| ResultsError::MissingDocument { path: bundle.manifest() })
    }

    fn manifest_of(bundle: &Bundle, id: &ExperimentId) -> Result<Option<ManifestRecord>, ResultsError> {
        let path = bundle.manifest();
        let Some(manifest) = json::load::<ManifestRecord>(&path)? else { return Ok(None) };
        manifest.check(id).map_err(|error| ResultsError::invalid(&path, error))?;
        Ok(Some(manifest))
    }

    /// The paths of a bundle that is there.
    fn bundle(&self, id: &ExperimentId) -> Result<Bundle, ResultsError> {
        let bundle = self.place(id);
        if bundle.folder().is_dir() { Ok(bundle) } else { Err(self.unknown(id.as_str())) }
    }

    /// The paths that a bundle of this id has, whether it is there or not.
    fn place(&self, id: &ExperimentId) -> Bundle {
        Bundle::new(self.path(id))
    }
}

/// The document of the process with the lowest index; `None` when no process left one.
fn first_process(bundle: &Bundle) -> Result<Option<ProcessRecord>, ResultsError> {
    match bundle.process_indices(0)?.first() {
        Some(&index) => json::load(&bundle.file(&layout::process(0, index))),
        None => Ok(None),
    }
}
