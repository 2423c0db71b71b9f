//! Idle windows and idle levels as written.

use super::WindowRecord;
use crate::record::field::{each, system_time, wall_time};
use crate::record::{FieldError, SchemaVersion, finite, name};
use lem_domain::DeviceId;
use lem_domain::idle::{IdleLevel, IdleState, IdleWindow};
use lem_domain::units::Watts;
use serde::{Deserialize, Serialize};

/// When a state was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleWindowRecord {
    /// The state.
    #[serde(with = "name")]
    pub state: IdleState,
    /// When.
    pub window: WindowRecord,
}

/// An idle power that a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdleLevelRecord {
    /// The device.
    pub device: String,
    /// The sensor's name below its device.
    pub sensor: String,
    /// The state.
    #[serde(with = "name")]
    pub state: IdleState,
    /// Mean power, in watts.
    pub power_w: f64,
    /// Standard uncertainty of the random part, in watts.
    pub random_w: f64,
    /// When it was found, wall time in UTC, RFC 3339; a label.
    pub at: String,
}

/// `idle.json` beside the profiles: the idle levels of this host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdleLevelsRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// The levels.
    pub levels: Vec<IdleLevelRecord>,
}

impl IdleWindowRecord {
    pub(super) fn of(idle: &IdleWindow) -> Result<Self, FieldError> {
        Ok(Self { state: idle.state, window: WindowRecord::of("window", idle.window)? })
    }

    pub(super) fn idle(self) -> Result<IdleWindow, FieldError> {
        Ok(IdleWindow { state: self.state, window: self.window.window("window")? })
    }
}

impl IdleLevelRecord {
    pub(super) fn of(level: &IdleLevel) -> Result<Self, FieldError> {
        Ok(Self {
            device: level.device.as_str().to_owned(),
            sensor: level.sensor.clone(),
            state: level.state,
            power_w: finite("power_w", level.power.get())?,
            random_w: finite("random_w", level.random_w)?,
            at: wall_time("at", level.at)?,
        })
    }

    pub(super) fn level(self) -> Result<IdleLevel, FieldError> {
        Ok(IdleLevel {
            device: DeviceId::new(self.device),
            sensor: self.sensor,
            state: self.state,
            power: Watts::new(self.power_w),
            random_w: self.random_w,
            at: system_time("at", &self.at)?,
        })
    }
}

impl IdleLevelsRecord {
    /// The document of these levels.
    pub(crate) fn of(levels: &[IdleLevel]) -> Result<Self, FieldError> {
        Ok(Self { schema_version: SchemaVersion::CURRENT, levels: each("levels", levels, IdleLevelRecord::of)? })
    }

    /// The levels.
    pub(crate) fn levels(self) -> Result<Vec<IdleLevel>, FieldError> {
        each("levels", self.levels, IdleLevelRecord::level)
    }
}
