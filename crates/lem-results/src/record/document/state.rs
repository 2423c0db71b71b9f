//! `state.json`: how far a run has come.

use crate::record::field::{self, wall_time};
use crate::record::{FieldError, SchemaVersion, name};
use lem_domain::protocol::{RunPhase, RunState};
use serde::{Deserialize, Serialize};

/// State of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// How far it has come.
    #[serde(with = "name")]
    pub phase: RunPhase,
    /// When it got there, wall time in UTC, RFC 3339; a label.
    pub since: String,
    /// What went wrong, for a failed run.
    pub reason: Option<String>,
    /// Process that wrote the state, on the host where it ran.
    pub owner_pid: u32,
}

impl StateRecord {
    /// The document of a state, written by the process `owner_pid`.
    pub(crate) fn of(state: &RunState, owner_pid: u32) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            phase: state.phase,
            since: wall_time("since", state.since)?,
            reason: state.reason.clone(),
            owner_pid,
        })
    }

    /// The state.
    pub(crate) fn state(self) -> Result<RunState, FieldError> {
        Ok(RunState { phase: self.phase, since: field::system_time("since", &self.since)?, reason: self.reason })
    }
}
