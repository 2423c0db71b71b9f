//! Sampling on simulated time: no thread; the samples that were due are computed when someone looks.

use crate::sampler::Recorder;
use crate::source::Reader;
use lem_domain::Clock;
use lem_domain::protocol::{EnergySession, SeamError};
use lem_domain::sensor::{SamplerCost, SensorRecord, SourceVerdict};
use std::sync::Arc;
use std::time::Duration;

/// A session over virtual sensors, which are pure functions of time.
///
/// It takes no real time and misses no tick, so a run on simulated time is the same on every machine.
pub(crate) struct SteppedSession {
    recorder: Recorder,
    sources: Vec<SourceVerdict>,
    clock: Arc<dyn Clock>,
}

impl SteppedSession {
    /// Takes the first samples now.
    pub(crate) fn start(readers: Vec<Box<dyn Reader>>, sources: Vec<SourceVerdict>, clock: Arc<dyn Clock>) -> Self {
        let mut session = Self { recorder: Recorder::new(readers, clock.now()), sources, clock };
        session.catch_up();
        session
    }

    /// Takes every sample that has come due. The engine wrote down what it did before it let time pass, so what the
    /// sensors say of the past is final.
    fn catch_up(&mut self) {
        let now = self.clock.now();
        while let Some(deadline) = self.recorder.next_deadline().filter(|deadline| *deadline <= now) {
            self.recorder.tick_at(deadline);
        }
    }
}

impl EnergySession for SteppedSession {
    fn read_edge(&mut self) {
        self.catch_up();
        self.recorder.read_all_at(self.clock.now());
    }

    fn margin(&self) -> Duration {
        self.recorder.margin()
    }

    fn drain(&mut self, record: &mut SensorRecord) {
        self.catch_up();
        record.samples.clear();
        self.recorder.exchange(&mut record.samples);
        if record.sensors.is_empty() {
            record.sensors = self.recorder.sensors();
        }
        record.sources.clone_from(&self.sources);
        record.cost = cost(self.recorder.cost());
    }

    fn stop(mut self: Box<Self>) -> Result<SensorRecord, SeamError> {
        self.read_edge();
        let recorded = self.recorder.take();
        Ok(SensorRecord { sensors: recorded.sensors, samples: recorded.samples, sources: self.sources, cost: cost(recorded.cost) })
    }
}

/// Nothing was waited for and nothing called, so there is no cost to speak of.
fn cost(counted: SamplerCost) -> SamplerCost {
    SamplerCost { ticks: counted.ticks, ..SamplerCost::default() }
}

#[cfg(test)]
mod tests;
