//! What a device draws while nothing runs: in which state, and for how long it was watched.

use crate::identity::DeviceId;
use crate::time::TimeWindow;
use crate::units::Watts;
use std::fmt;
use std::time::SystemTime;

/// What is loaded while a device idles. The three states of an accelerator differ by tens of watts, so an idle power
/// without its state means nothing (MEASUREMENT.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdleState {
    /// No device beside the processor, and no model.
    HostIdle,
    /// The driver is loaded and no process holds a context.
    DriverOnly,
    /// A process holds a context, without a model.
    ContextHeld,
    /// The model lies in the device's memory.
    ModelLoaded,
}

impl IdleState {
    /// Every state, from the least loaded.
    pub const ALL: &'static [Self] = &[Self::HostIdle, Self::DriverOnly, Self::ContextHeld, Self::ModelLoaded];

    /// The state as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HostIdle => "host_idle",
            Self::DriverOnly => "driver_only",
            Self::ContextHeld => "context_held",
            Self::ModelLoaded => "model_loaded",
        }
    }
}

impl fmt::Display for IdleState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// When a state was watched within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleWindow {
    /// The state.
    pub state: IdleState,
    /// When.
    pub window: TimeWindow,
}

/// An idle power found earlier and kept.
#[derive(Clone, Debug, PartialEq)]
pub struct IdleLevel {
    /// The device.
    pub device: DeviceId,
    /// The sensor that saw it, by its name below the device.
    pub sensor: String,
    /// The state.
    pub state: IdleState,
    /// Mean power.
    pub power: Watts,
    /// Standard uncertainty of the random part, in watts; the gain is the sensor's own.
    pub random_w: f64,
    /// When it was found; a label.
    pub at: SystemTime,
}
