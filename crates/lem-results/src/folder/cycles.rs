//! The cycles of a bundle: which are complete, and opening it for more.

use super::ResultsFolder;
use crate::atomic;
use crate::error::ResultsError;
use crate::json;
use crate::layout::{self, Bundle};
use crate::record::document::{ManifestRecord, ProcessRecord};
use lem_domain::ExperimentId;
use lem_domain::protocol::RecordedCycle;
use lem_domain::token::FinishReason;
use std::io;
use std::path::Path;

impl ResultsFolder {
    /// The complete cycles, in order, each by its documents alone.
    pub(super) fn complete(&self, id: &ExperimentId) -> Result<Vec<RecordedCycle>, ResultsError> {
        let bundle = self.bundle(id)?;
        let one = |index| Ok(RecordedCycle { index, is_whole: is_whole(&bundle, index)? });
        bundle.complete_cycles()?.into_iter().map(one).collect()
    }

    /// Removes what is there of the cycles from `first` on. The seal and the figures go first, so that neither ever stands
    /// over other records than its own.
    pub(super) fn open_again(&self, id: &ExperimentId, first: u32) -> Result<(), ResultsError> {
        let bundle = self.bundle(id)?;
        let manifest = self.manifest(id)?;
        if manifest.files.is_some() {
            json::save(&bundle.manifest(), &ManifestRecord { files: None, ..manifest })?;
        }
        remove(&bundle.file(layout::AGGREGATED))?;
        for cycle in bundle.cycles()?.into_iter().rev().filter(|&cycle| cycle >= first) {
            // Without it the cycle counts for nothing, whatever is left of it.
            remove(&bundle.file(&layout::host(cycle)))?;
            remove(&bundle.file(&layout::samples(cycle)))?;
            for index in bundle.process_indices(cycle)? {
                remove(&bundle.file(&layout::process(cycle, index)))?;
                remove(&bundle.file(&layout::events(cycle, index)))?;
            }
            let folder = bundle.file(&layout::cycle(cycle));
            if folder.is_dir() {
                atomic::sync_folder(&folder)?;
            }
        }
        atomic::sync_folder(bundle.folder())
    }
}

fn is_whole(bundle: &Bundle, cycle: u32) -> Result<bool, ResultsError> {
    let indices = bundle.process_indices(cycle)?;
    for &index in &indices {
        let path = bundle.file(&layout::process(cycle, index));
        let Some(process) = json::load::<ProcessRecord>(&path)? else { return Ok(false) };
        let is_cut = process.requests.iter().any(|request| matches!(request.finish, None | Some(FinishReason::Interrupted)));
        let expected = usize::try_from(process.expected_processes).unwrap_or(usize::MAX);
        if process.window.is_none() || is_cut || indices.len() < expected {
            return Ok(false);
        }
    }
    Ok(!indices.is_empty())
}

fn remove(path: &Path) -> Result<(), ResultsError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ResultsError::writing(path, error)),
        _ => Ok(()),
    }
}
