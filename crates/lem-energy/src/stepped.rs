//! Sampling on simulated time: no thread; the samples that were due are computed when someone looks.

use crate::error::EnergyError;
use crate::simulated::VirtualBoard;
use crate::source::{Sensor, Source as _};
use lem_domain::protocol::{EnergySession, SeamError};
use lem_domain::sensor::{SamplerCost, SensorIndex, SensorRecord, SensorSample, SourceVerdict};
use lem_domain::{Clock, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// A session over the virtual board, whose sensors are pure functions of time.
///
/// It takes no real time and misses no tick, so a run on simulated time is the same on every machine.
pub(crate) struct SteppedSession {
    sensors: Vec<Box<dyn Sensor>>,
    sources: Vec<SourceVerdict>,
    clock: Arc<dyn Clock>,
    /// Never zero.
    interval: Duration,
    samples: Vec<SensorSample>,
    next_deadline: Timestamp,
    ticks: u64,
}

impl SteppedSession {
    /// Takes the first sample now.
    pub(crate) fn start(
        board: &VirtualBoard,
        sources: Vec<SourceVerdict>,
        clock: Arc<dyn Clock>,
        interval: Duration,
    ) -> Result<Self, EnergyError> {
        let (sensors, next_deadline) = (board.sensors()?, clock.now());
        let mut session = Self { sensors, sources, clock, interval, samples: Vec::new(), next_deadline, ticks: 0 };
        session.catch_up();
        Ok(session)
    }

    /// Takes every sample that has come due. The engine wrote down what it did before it let time pass, so what the
    /// sensors say of the past is final.
    fn catch_up(&mut self) {
        let now = self.clock.now();
        while self.next_deadline <= now {
            self.read_all(self.next_deadline);
            self.ticks += 1;
            self.next_deadline = self.next_deadline.after(self.interval);
        }
    }

    fn read_all(&mut self, now: Timestamp) {
        for (position, sensor) in self.sensors.iter_mut().enumerate() {
            let reading = sensor.read(now);
            self.samples.extend(reading.map(|reading| SensorSample {
                sensor: SensorIndex::of(position),
                at: reading.at.unwrap_or(now),
                value: reading.value,
                read_nanos: 0,
            }));
        }
    }
}

impl EnergySession for SteppedSession {
    fn read_edge(&mut self) {
        self.catch_up();
        self.read_all(self.clock.now());
    }

    fn stop(mut self: Box<Self>) -> Result<SensorRecord, SeamError> {
        self.read_edge();
        Ok(SensorRecord {
            sensors: self.sensors.iter().map(|sensor| sensor.descriptor().clone()).collect(),
            samples: self.samples,
            sources: self.sources,
            cost: SamplerCost { ticks: self.ticks, ..SamplerCost::default() },
            interval: self.interval,
        })
    }
}

#[cfg(test)]
mod tests;
