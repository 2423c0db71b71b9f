//! Making the place of a new experiment, and keeping its state.

use super::ResultsFolder;
use crate::atomic;
use crate::error::ResultsError;
use crate::json;
use crate::layout;
use crate::record::document::{ManifestRecord, StateRecord};
use lem_domain::ExperimentId;
use lem_domain::protocol::{RunPhase, RunSetup, RunState};
use std::fs::{File, TryLockError};
use std::io;

/// A folder may hold years of runs; one that was left lately is what is looked for.
const NEWEST: usize = 200;

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

    /// Replaces the state of a run.
    pub(super) fn keep_state(&self, id: &ExperimentId, state: &RunState) -> Result<(), ResultsError> {
        let path = self.bundle(id)?.state();
        let record = StateRecord::of(state).map_err(|error| ResultsError::unrepresentable(&path, error))?;
        json::save(&path, &record)
    }

    /// Locks a run for as long as the file that is given stays open, which the kernel ends with the process.
    pub(super) fn lock(&self, id: &ExperimentId) -> Result<File, ResultsError> {
        let path = self.bundle(id)?.file(layout::LOCK);
        let file = File::options().create(true).append(true).open(&path).map_err(|source| ResultsError::writing(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(ResultsError::Held { id: id.to_string() }),
            Err(TryLockError::Error(source)) => Err(ResultsError::writing(&path, source)),
        }
    }

    /// The newest unfinished runs of an experiment that nobody runs now, newest first.
    ///
    /// # Errors
    /// When the folder cannot be read. A folder that does not exist holds nothing.
    pub fn unfinished(&self, spec_digest: &str) -> Result<Vec<ExperimentId>, ResultsError> {
        let is_one = |id: &&ExperimentId| {
            let is_same = self.manifest(id).is_ok_and(|manifest| manifest.spec_digest == spec_digest);
            let phase = |state: Option<RunState>| state.map_or(RunPhase::Created, |state| state.phase);
            is_same && self.kept_state(id).is_ok_and(|state| !phase(state).is_finished()) && self.lock(id).is_ok()
        };
        Ok(self.ids()?.iter().rev().take(NEWEST).filter(is_one).cloned().collect())
    }

    /// The state of a run; `None` when none was ever saved, also because there is no such run.
    pub(super) fn kept_state(&self, id: &ExperimentId) -> Result<Option<RunState>, ResultsError> {
        let path = self.place(id).state();
        let Some(record) = json::load::<StateRecord>(&path)? else { return Ok(None) };
        record.state().map(Some).map_err(|error| ResultsError::invalid(&path, error))
    }
}
