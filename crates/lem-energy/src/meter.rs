//! Meters: a source, a way of sampling it and what was said about the sources that were looked for.

use crate::sampler::ThreadedSession;
use crate::simulated::VirtualBoard;
use crate::source::Source;
use crate::stepped::SteppedSession;
use lem_domain::Clock;
use lem_domain::protocol::{EnergyBackend, EnergySession, SeamError};
use lem_domain::sensor::{SensorRecord, SourceVerdict};
use std::sync::Arc;
use std::time::Duration;

/// When to sample, and what became of the sources.
#[derive(Clone)]
pub(crate) struct Sampling {
    pub(crate) clock: Arc<dyn Clock>,
    /// Never zero.
    pub(crate) interval: Duration,
    pub(crate) sources: Vec<SourceVerdict>,
}

/// Reads a source on a thread of its own.
pub(crate) struct ThreadedMeter<S> {
    pub(crate) source: S,
    pub(crate) sampling: Sampling,
}

impl<S: Source> EnergyBackend for ThreadedMeter<S> {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let Sampling { clock, interval, sources } = self.sampling.clone();
        let sensors = self.source.sensors()?;
        let session = ThreadedSession::start(sensors, sources, clock, interval)?;
        Ok(Box::new(session))
    }
}

/// Reads the virtual board on simulated time.
pub(crate) struct SteppedMeter {
    pub(crate) board: VirtualBoard,
    pub(crate) sampling: Sampling,
}

impl EnergyBackend for SteppedMeter {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let Sampling { clock, interval, sources } = self.sampling.clone();
        Ok(Box::new(SteppedSession::start(&self.board, sources, clock, interval)?))
    }
}

/// Has no sensor and says why; nothing ticks for nothing.
pub(crate) struct NoMeter {
    pub(crate) sampling: Sampling,
}

impl EnergyBackend for NoMeter {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let Sampling { interval, sources, .. } = self.sampling.clone();
        Ok(Box::new(EmptySession(SensorRecord { sources, interval, ..SensorRecord::default() })))
    }
}

struct EmptySession(SensorRecord);

impl EnergySession for EmptySession {
    fn read_edge(&mut self) {}

    fn stop(self: Box<Self>) -> Result<SensorRecord, SeamError> {
        Ok(self.0)
    }
}
