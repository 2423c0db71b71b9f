//! Rounds of reads into a buffer: the only code that runs inside the measured window.

use super::latency::LatencyHistogram;
use crate::source::Sensor;
use lem_domain::sensor::{SamplerCost, SensorDescriptor, SensorIndex, SensorSample};
use lem_domain::{Clock, Timestamp};
use std::time::Duration;

/// The buffer is made for a session of this length; a longer one makes it grow, by doubling.
const PLANNED_SESSION: Duration = Duration::from_secs(3 * 3_600);

/// Bounds of the buffer, in rounds: a short interval shall not reserve memory without measure.
const MIN_ROUNDS: usize = 1 << 10;
const MAX_ROUNDS: usize = 1 << 18;

/// Sensors and what they said.
pub(super) struct Recorder {
    sensors: Vec<Box<dyn Sensor>>,
    samples: Vec<SensorSample>,
    rounds: LatencyHistogram,
    ticks: u64,
    missed_ticks: u64,
}

/// Everything a recorder holds at the end.
pub(super) struct Recorded {
    pub(super) sensors: Vec<SensorDescriptor>,
    pub(super) samples: Vec<SensorSample>,
    pub(super) cost: SamplerCost,
}

impl Recorder {
    pub(super) fn new(sensors: Vec<Box<dyn Sensor>>, interval: Duration) -> Self {
        let planned = PLANNED_SESSION.as_nanos() / interval.as_nanos().max(1);
        let rounds = usize::try_from(planned).unwrap_or(MAX_ROUNDS).clamp(MIN_ROUNDS, MAX_ROUNDS);
        let samples = Vec::with_capacity(rounds * sensors.len());
        Self { sensors, samples, rounds: LatencyHistogram::new(), ticks: 0, missed_ticks: 0 }
    }

    /// A round that was due.
    pub(super) fn tick(&mut self, clock: &dyn Clock) {
        self.ticks += 1;
        self.read_all(clock);
    }

    /// Rounds that were due and can no longer be kept.
    pub(super) fn skip(&mut self, missed: u64) {
        self.ticks += missed;
        self.missed_ticks += missed;
    }

    /// Reads every sensor once.
    pub(super) fn read_all(&mut self, clock: &dyn Clock) {
        let round_start = clock.now();
        let mut before = round_start;
        for (position, sensor) in self.sensors.iter_mut().enumerate() {
            let reading = sensor.read(before);
            let after = clock.now();
            if let Some(reading) = reading {
                self.samples.push(SensorSample {
                    sensor: SensorIndex::of(position),
                    at: reading.at.unwrap_or_else(|| middle(before, after)),
                    value: reading.value,
                    read_nanos: u32::try_from(nanos_between(before, after)).unwrap_or(u32::MAX),
                });
            }
            before = after;
        }
        self.rounds.record(nanos_between(round_start, before));
    }

    /// Gives everything away and leaves the recorder empty.
    pub(super) fn take(&mut self) -> Recorded {
        let sensors = self.sensors.drain(..).map(|sensor| sensor.descriptor().clone()).collect();
        Recorded {
            sensors,
            samples: std::mem::take(&mut self.samples),
            cost: SamplerCost {
                ticks: self.ticks,
                missed_ticks: self.missed_ticks,
                cpu_time: None,
                read_p50: self.rounds.quantile(0.50),
                read_p99: self.rounds.quantile(0.99),
            },
        }
    }
}

fn middle(before: Timestamp, after: Timestamp) -> Timestamp {
    before.after(Duration::from_nanos(nanos_between(before, after) / 2))
}

fn nanos_between(before: Timestamp, after: Timestamp) -> u64 {
    after.as_nanos().saturating_sub(before.as_nanos())
}
