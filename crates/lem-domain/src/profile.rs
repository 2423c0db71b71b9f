//! What calibration found out about one sensor of one board, so that later runs need not assume it.

use crate::idle::IdleState;
use crate::units::Watts;
use std::time::{Duration, SystemTime};

/// What a profile holds for: change any of these and it no longer does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileKey {
    /// Board or processor by its model name, such as `NVIDIA H100 80GB HBM3`.
    pub board: String,
    /// Driver and its version, such as `nvidia 580.159.04`.
    pub driver: String,
    /// Firmware of the board (VBIOS) or microcode of the processor; empty where none is readable.
    pub firmware: String,
}

/// A figure that calibration found, or why it could not.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// Found, with the half-width of its 95 % interval in the same unit.
    Value {
        /// The figure.
        value: T,
        /// Half-width.
        half_width: T,
    },
    /// Not found, and why.
    Unknown(String),
}

impl<T: Copy> Found<T> {
    /// The figure, if found.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Value { value, .. } => Some(*value),
            Self::Unknown(_) => None,
        }
    }
}

/// One sensor's properties. Gain is not among them: it is not observable without an external meter.
#[derive(Clone, Debug, PartialEq)]
pub struct SensorProfile {
    /// The sensor's name below its device, such as `total-energy`.
    pub sensor: String,
    /// Time between two updates.
    pub update_period: Found<Duration>,
    /// Length of the trailing mean that a power value is.
    pub averaging_window: Found<Duration>,
    /// From a step of the load to the sensor showing half of it.
    pub lag: Found<Duration>,
    /// Smallest step of the value, in its unit (joules or watts).
    pub resolution: Found<f64>,
    /// Median duration of one read.
    pub read_latency: Found<Duration>,
    /// Energy by the counter ÷ energy by integrating this power sensor, over the load.
    pub counter_ratio: Found<f64>,
    /// Idle power by state.
    pub idle: Vec<(IdleState, Found<Watts>)>,
}

/// The profile of one board.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardProfile {
    /// What it holds for.
    pub key: ProfileKey,
    /// When it was made; a label.
    pub at: SystemTime,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// What the load was, in words; `None` without one.
    pub load: Option<String>,
    /// Its sensors.
    pub sensors: Vec<SensorProfile>,
}
