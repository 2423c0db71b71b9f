//! Meters: sources, a way of sampling them and what was said about all that were looked for.

use crate::sampler::{SpareCpu, ThreadedSession};
use crate::source::{Reader, Source};
use crate::stepped::SteppedSession;
use lem_domain::Clock;
use lem_domain::protocol::{EnergyBackend, EnergySession, SeamError};
use lem_domain::sensor::{SensorRecord, SourceVerdict};
use std::sync::Arc;
use std::time::Duration;

/// How samples are taken in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplerKind {
    /// A thread reads at absolute deadlines: for any clock on which time passes by itself.
    Threaded,
    /// Samples are computed when they are looked at: for simulated time, on which only virtual sensors can be read.
    Stepped,
}

/// Reads its sources, or none and says why.
pub(crate) struct Meter {
    pub(crate) sources: Vec<Box<dyn Source>>,
    pub(crate) verdicts: Vec<SourceVerdict>,
    pub(crate) sampler: SamplerKind,
    pub(crate) spare_cpu: Option<SpareCpu>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl EnergyBackend for Meter {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let mut readers: Vec<Box<dyn Reader>> = Vec::new();
        for source in &self.sources {
            readers.extend(source.readers()?);
        }
        let (verdicts, clock) = (self.verdicts.clone(), Arc::clone(&self.clock));
        if readers.is_empty() {
            // Nothing ticks for nothing.
            return Ok(Box::new(EmptySession(verdicts)));
        }
        Ok(match self.sampler {
            SamplerKind::Threaded => Box::new(ThreadedSession::start(readers, verdicts, clock, self.spare_cpu)?),
            SamplerKind::Stepped => Box::new(SteppedSession::start(readers, verdicts, clock)),
        })
    }
}

struct EmptySession(Vec<SourceVerdict>);

impl EnergySession for EmptySession {
    fn read_edge(&mut self) {}

    fn margin(&self) -> Duration {
        Duration::ZERO
    }

    fn drain(&mut self, record: &mut SensorRecord) {
        *record = SensorRecord { sources: self.0.clone(), ..SensorRecord::default() };
    }

    fn stop(self: Box<Self>) -> Result<SensorRecord, SeamError> {
        Ok(SensorRecord { sources: self.0, ..SensorRecord::default() })
    }
}
