//! The seam to sensors: start gives a session, stop consumes it, so that it cannot be read twice.

use super::SeamError;
use crate::sensor::SensorRecord;
use std::time::Duration;

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

    /// How long sampling must go on before a window opens and after it closes, for the updates that bracket its edges to
    /// be in the record.
    fn margin(&self) -> Duration;

    /// Takes out what was recorded since the session began or was last drained, and goes on sampling: a session of any
    /// length then keeps its memory.
    ///
    /// `record` gets the samples in place of those it held; the emptied buffer of those is what sampling goes on with, so
    /// that nothing is allocated while it samples. Sensors, sources and the cost so far are filled in as well.
    fn drain(&mut self, record: &mut SensorRecord);

    /// Stops sampling and gives what was recorded since the session began or was last drained.
    ///
    /// # Errors
    /// When the sampler died; what it had recorded is lost.
    fn stop(self: Box<Self>) -> Result<SensorRecord, SeamError>;
}
