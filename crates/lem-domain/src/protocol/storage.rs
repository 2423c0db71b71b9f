//! The seam to whatever keeps results, and what is known of sensors.

use super::SeamError;
use crate::identity::ExperimentId;
use crate::idle::IdleLevel;
use crate::profile::BoardProfile;
use crate::record::{HostRecord, ProcessRecord};
use std::time::SystemTime;

/// What is known before a run starts, already rendered as documents whose content this layer does not look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSetup {
    /// Resolved configuration, YAML.
    pub config_yaml: String,
    /// Origin of every value, JSON.
    pub provenance_json: String,
    /// Environment of the run, JSON.
    pub environment_json: String,
    /// SHA-256 over the canonical resolved configuration, hexadecimal.
    pub spec_digest: String,
    /// Version of the tool.
    pub tool_version: String,
    /// When the run was created; a label.
    pub created_at: SystemTime,
}

/// A cycle whose records are all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedCycle {
    /// Its index, from 0.
    pub index: u32,
    /// Whether every process that was expected left a record, opened its window, and no request was cut off.
    pub is_whole: bool,
}

/// Keeps what runs record and what is derived from it.
///
/// Every write is atomic: after a crash at any point there is the old content or the new.
pub trait ResultsRepository {
    /// Makes a place for a new experiment.
    ///
    /// # Errors
    /// When it exists already or cannot be written.
    fn create(&self, id: &ExperimentId, setup: &RunSetup) -> Result<(), SeamError>;

    /// Saves what one process recorded of a cycle.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_process(&self, id: &ExperimentId, cycle: u32, record: &ProcessRecord) -> Result<(), SeamError>;

    /// Saves what the host recorded of a cycle. It comes last: a cycle whose host left its record is complete.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_host(&self, id: &ExperimentId, cycle: u32, record: &HostRecord) -> Result<(), SeamError>;

    /// The complete cycles of an experiment, in order.
    ///
    /// # Errors
    /// When there is no such experiment, or its records are damaged.
    fn recorded_cycles(&self, id: &ExperimentId) -> Result<Vec<RecordedCycle>, SeamError>;

    /// Opens a bundle for the cycles from `first` on: what is there of them is removed, and the figures with it.
    ///
    /// # Errors
    /// When there is no such experiment or it cannot be written.
    fn reopen(&self, id: &ExperimentId, first: u32) -> Result<(), SeamError>;

    /// Derives the figures from the saved raw records alone and saves them beside those.
    ///
    /// They can be deleted and rebuilt at any time; repeating it gives the same bytes.
    ///
    /// # Errors
    /// When raw records are missing, damaged or of an unknown version, or the figures cannot be written.
    fn aggregate(&self, id: &ExperimentId) -> Result<(), SeamError>;

    /// Writes the digests of all files, which closes the bundle.
    ///
    /// # Errors
    /// When it cannot be written.
    fn seal(&self, id: &ExperimentId) -> Result<(), SeamError>;
}

/// Keeps what is known of this machine's sensors between runs.
pub trait ProfileStore {
    /// The profiles of all boards that were ever calibrated here.
    ///
    /// # Errors
    /// When one is damaged.
    fn load_profiles(&self) -> Result<Vec<BoardProfile>, SeamError>;

    /// Replaces the profile of a board.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_profile(&self, profile: &BoardProfile) -> Result<(), SeamError>;

    /// Idle levels found earlier on this host.
    ///
    /// # Errors
    /// When they are damaged.
    fn load_idle(&self) -> Result<Vec<IdleLevel>, SeamError>;

    /// Replaces the idle levels.
    ///
    /// # Errors
    /// When they cannot be written.
    fn save_idle(&self, levels: &[IdleLevel]) -> Result<(), SeamError>;
}

/// Knows nothing of any sensor and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl ProfileStore for Forgetful {
    fn load_profiles(&self) -> Result<Vec<BoardProfile>, SeamError> {
        Ok(Vec::new())
    }

    fn save_profile(&self, _profile: &BoardProfile) -> Result<(), SeamError> {
        Ok(())
    }

    fn load_idle(&self) -> Result<Vec<IdleLevel>, SeamError> {
        Ok(Vec::new())
    }

    fn save_idle(&self, _levels: &[IdleLevel]) -> Result<(), SeamError> {
        Ok(())
    }
}
