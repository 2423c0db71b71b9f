//! The record that a session over virtual sensors leaves, on a scheduler that may be late and reads that take time.

use super::model::{SensorModel, unit};
use crate::sampler::Schedule;
use lem_domain::sensor::{SensorDescriptor, SensorIndex, SensorRecord, SensorSample, Stamp};
use lem_domain::world::Waveform;
use lem_domain::{TimeWindow, Timestamp};
use std::time::Duration;

/// A sensor as an estimator knows it, and as it really is.
#[derive(Clone, Debug)]
pub struct VirtualSensor {
    /// What is known of it.
    pub descriptor: SensorDescriptor,
    /// What it is.
    pub model: SensorModel,
}

/// How a sampler's reads come about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scheduling {
    /// A deadline is kept up to this much late, most often only a little.
    pub lateness: Duration,
    /// A read takes at least this long.
    pub read_at_least: Duration,
    /// A read takes at most this long; the value is that of any instant within.
    pub read_at_most: Duration,
    /// Which lateness.
    pub seed: u64,
}

/// Samples every sensor over a session, with one more read at each edge of a window inside it, just outside the window.
#[must_use]
pub fn record(
    truth: &Waveform,
    sensors: &[VirtualSensor],
    scheduling: Scheduling,
    session: TimeWindow,
    window: TimeWindow,
) -> SensorRecord {
    let mut samples = Vec::new();
    for (position, sensor) in sensors.iter().enumerate() {
        let mut reads =
            Reads { sensor, index: SensorIndex::of(position), truth, scheduling, n: 0, free_at: session.start, samples: &mut samples };
        let mut schedule = Schedule::new(session.start, sensor.descriptor.interval, sensor.descriptor.walks());
        let mut edges = [Some(window.start), Some(window.end)];
        loop {
            let due = schedule.next();
            for edge in &mut edges {
                if let Some(at) = edge.filter(|at| *at <= due) {
                    reads.at_edge(at, at == window.start);
                    *edge = None;
                }
            }
            if due > session.end {
                break;
            }
            let late = scheduling.lateness.mul_f64(reads.draw().powi(4));
            let before = due.after(late).max(reads.free_at);
            reads.read(before);
            schedule.kept(reads.free_at);
        }
    }
    samples.sort_by_key(|sample: &SensorSample| sample.at);
    SensorRecord { sensors: sensors.iter().map(|sensor| sensor.descriptor.clone()).collect(), samples, ..SensorRecord::default() }
}

struct Reads<'a> {
    sensor: &'a VirtualSensor,
    index: SensorIndex,
    truth: &'a Waveform,
    scheduling: Scheduling,
    n: u64,
    free_at: Timestamp,
    samples: &'a mut Vec<SensorSample>,
}

impl Reads<'_> {
    fn draw(&mut self) -> f64 {
        self.n += 1;
        unit(self.scheduling.seed ^ u64::from(self.index.0), self.n)
    }

    /// The read before a window opens ends at its edge, the one after it closed begins there.
    fn at_edge(&mut self, at: Timestamp, opening: bool) {
        let takes = self.duration();
        if opening {
            // A read that is still going on is waited for, and the window opens when this one ends.
            let before = at.before(takes).max(self.free_at);
            self.read_within(before, Duration::from_secs_f64(at.since(before).get().max(0.0)));
        } else {
            self.read_within(at.max(self.free_at), takes);
        }
    }

    fn read(&mut self, before: Timestamp) {
        let takes = self.duration();
        self.read_within(before, takes);
    }

    fn duration(&mut self) -> Duration {
        let Scheduling { read_at_least, read_at_most, .. } = self.scheduling;
        read_at_least + read_at_most.saturating_sub(read_at_least).mul_f64(self.draw())
    }

    fn read_within(&mut self, before: Timestamp, takes: Duration) {
        let instant = before.after(takes.mul_f64(self.draw()));
        if let Some(value) = self.sensor.model.read(self.truth, instant) {
            let read_nanos = u32::try_from(takes.as_nanos()).unwrap_or(u32::MAX);
            let at = match self.sensor.descriptor.stamp {
                Stamp::Read => before.after(takes / 2),
                Stamp::Device => self.sensor.model.updated_at(instant),
            };
            self.samples.push(SensorSample { sensor: self.index, at, value, read_nanos });
        }
        self.free_at = before.after(takes);
    }
}
