//! The seam to sensors: start gives a session, stop consumes it, so that it cannot be read twice.

use super::SeamError;
use crate::sensor::SensorRecord;

/// Something that can record energy.
pub trait EnergyBackend {
    /// Starts sampling.
    ///
    /// # Errors
    /// When a source that was named is not there. Having no sensor at all is no error: the session then records that.
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError>;
}

/// Sampling in progress.
pub trait EnergySession {
    /// Reads every sensor once, now: called at both edges of a window.
    fn read_edge(&mut self);

    /// Stops sampling and gives what was recorded.
    ///
    /// # Errors
    /// When the sampler died; what it had recorded is lost.
    fn stop(self: Box<Self>) -> Result<SensorRecord, SeamError>;
}
