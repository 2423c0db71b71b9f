//! Making the place of a new experiment, and keeping its state.

use super::ResultsFolder;
use crate::atomic;
use crate::error::ResultsError;
use crate::json;
use crate::layout;
use crate::record::document::{ManifestRecord, StateRecord};
use lem_domain::ExperimentId;
use lem_domain::protocol::{RunSetup, RunState};
use std::io;

impl ResultsFolder {
    /// Makes a bundle. The manifest comes last: a bundle without one was being made when the program was killed.
    pub(super) fn make(&self, id: &ExperimentId, setup: &RunSetup) -> Result<(), ResultsError> {
        let bundle = self.place(id);
        let manifest = ManifestRecord::of(id, setup).map_err(|error| ResultsError::unrepresentable(&bundle.manifest(), error))?;
        std::fs::create_dir_all(self.root()).map_err(|error| ResultsError::writing(self.root(), error))?;
        // Making the folder fails when it is there, so two processes cannot both get the same bundle.
        std::fs::create_dir(bundle.folder()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ResultsError::Exists { path: bundle.folder().to_owned() },
            _ => ResultsError::writing(bundle.folder(), error),
        })?;
        std::fs::create_dir(bundle.raw()).map_err(|error| ResultsError::writing(&bundle.raw(), error))?;
        let documents = [&setup.config_yaml, &setup.provenance_json, &setup.environment_json];
        for (name, document) in layout::SETUP.into_iter().zip(documents) {
            atomic::write(&bundle.file(name), document.as_bytes())?;
        }
        json::save(&bundle.manifest(), &manifest)?;
        atomic::sync_folder(self.root())
    }

    /// Replaces the state of a run; this process becomes its owner.
    pub(super) fn keep_state(&self, id: &ExperimentId, state: &RunState) -> Result<(), ResultsError> {
        let path = self.bundle(id)?.state();
        let record = StateRecord::of(state, std::process::id()).map_err(|error| ResultsError::unrepresentable(&path, error))?;
        json::save(&path, &record)
    }

    /// The state of a run; `None` when none was ever saved, also because there is no such run.
    pub(super) fn kept_state(&self, id: &ExperimentId) -> Result<Option<RunState>, ResultsError> {
        let path = self.place(id).state();
        let Some(record) = json::load::<StateRecord>(&path)? else { return Ok(None) };
        record.state().map(Some).map_err(|error| ResultsError::invalid(&path, error))
    }
}
