//! `state.json`: how far a run has come.

use crate::record::field::{self, wall_time};
use crate::record::{FieldError, SchemaVersion, name};
use lem_domain::idle::IdleState;
use lem_domain::protocol::{RunOwner, RunPhase, RunState};
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
    /// Process that wrote the state; null before 3.0.
    #[serde(default)]
    pub owner: Option<OwnerRecord>,
    /// The idle states that were watched, or found unchanged, since the run was begun or taken up. Since 3.0.
    #[serde(default)]
    pub idle: Vec<IdleStateRecord>,
    /// The cycle that is being measured, or was last. Since 3.0.
    #[serde(default)]
    pub cycle: Option<u32>,
}

/// An idle state by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdleStateRecord(#[serde(with = "name")] pub IdleState);

/// A process that no other one can pass for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// Name of the host.
    pub host: String,
    /// The kernel's random id of the boot.
    pub boot_id: String,
    /// Process id.
    pub pid: u32,
    /// When the process started, in clock ticks since the boot.
    pub started_ticks: u64,
}

impl StateRecord {
    /// The document of a state.
    pub(crate) fn of(state: &RunState) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            phase: state.phase,
            since: wall_time("since", state.since)?,
            reason: state.reason.clone(),
            owner: state.owner.as_ref().map(OwnerRecord::from),
            idle: state.idle.iter().copied().map(IdleStateRecord).collect(),
            cycle: state.cycle,
        })
    }

    /// The state.
    pub(crate) fn state(self) -> Result<RunState, FieldError> {
        Ok(RunState {
            phase: self.phase,
            since: field::system_time("since", &self.since)?,
            reason: self.reason,
            owner: self.owner.map(RunOwner::from),
            idle: self.idle.into_iter().map(|IdleStateRecord(state)| state).collect(),
            cycle: self.cycle,
        })
    }
}

impl From<&RunOwner> for OwnerRecord {
    fn from(owner: &RunOwner) -> Self {
        Self { host: owner.host.clone(), boot_id: owner.boot_id.clone(), pid: owner.pid, started_ticks: owner.started_ticks }
    }
}

impl From<OwnerRecord> for RunOwner {
    fn from(record: OwnerRecord) -> Self {
        Self { host: record.host, boot_id: record.boot_id, pid: record.pid, started_ticks: record.started_ticks }
    }
}
