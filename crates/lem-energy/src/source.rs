//! The seam to hardware: a source opens sensors, a sensor gives readings.

use crate::EnergyError;
use lem_domain::Timestamp;
use lem_domain::sensor::SensorDescriptor;

/// One kind of hardware, or model of it, found usable on this machine.
pub(crate) trait Source: Send + Sync {
    /// Opens its sensors for one session.
    ///
    /// # Errors
    /// When what was usable when the source was found is no longer.
    fn sensors(&self) -> Result<Vec<Box<dyn Sensor>>, EnergyError>;
}

/// One stream of readings. `read` is called inside the measured window: it must not allocate.
pub(crate) trait Sensor: Send {
    /// What the readings are.
    fn descriptor(&self) -> &SensorDescriptor;

    /// Reads once. `now` is the instant just before the read; simulated sensors answer for exactly that instant.
    ///
    /// `None` when the sensor did not answer: nothing is recorded then, and the gap shows in the samples.
    fn read(&mut self, now: Timestamp) -> Option<Reading>;
}

/// What a sensor said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// In the unit of the sensor's kind.
    pub(crate) value: f64,
    /// When it held, where the sensor tells; else the sampler takes the middle of the read.
    pub(crate) at: Option<Timestamp>,
}
