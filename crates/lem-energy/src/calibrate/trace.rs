//! What reads of one sensor saw, with its updates: a value that stands still is kept once however often it is read.

use lem_domain::Timestamp;
use lem_domain::derive::Series;
use lem_domain::sensor::{SensorDescriptor, SensorIndex, SensorKind, SensorRecord, Stamp};

/// A renewal of the value that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Update {
    /// When it came, in seconds from the trace's origin: by the driver's stamp, else half way between the two reads that it
    /// lies between.
    pub(super) at: f64,
    /// The value from then on.
    pub(super) value: f64,
    /// Time between those two reads; zero for a stamp.
    pub(super) gap: f64,
}

/// The reads of one sensor, in the order of time, in seconds from an origin.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pub(super) reads: Vec<(f64, f64)>,
    pub(super) updates: Vec<Update>,
    /// The values of the updates as they were shown: a counter's are not unwrapped, which would add up roundings.
    pub(super) shown: Vec<f64>,
    /// Reads that gave a value; those that found one and the same stamp stand once among the reads.
    n_reads: usize,
    /// Whether the driver stamps its updates.
    pub(super) is_stamped: bool,
    /// Whether a counter was set back meanwhile.
    pub(super) was_reset: bool,
}

impl Trace {
    /// The trace of a sensor. Counters are unwrapped.
    pub(super) fn of(record: &SensorRecord, sensor: usize, origin: Timestamp) -> Self {
        let descriptor = &record.sensors[sensor];
        let samples = record.samples.iter().filter(|sample| sample.sensor == SensorIndex::of(sensor));
        let points: Vec<(Timestamp, f64)> = samples.map(|sample| (sample.at, sample.value)).collect();
        let n_reads = points.len();
        let shown = shown(&points);
        let series = match descriptor.kind {
            SensorKind::EnergyCounter(range) => Series::unwrapped(points, range),
            SensorKind::Power(_) | SensorKind::BusyTime(_) | SensorKind::Gauge(_) => Series::new(points),
        };
        let reads: Vec<(f64, f64)> = series.points().iter().map(|&(at, value)| (at.since(origin).get(), value)).collect();
        let was_reset = match (series.points().first(), series.points().last()) {
            (Some(&(start, _)), Some(&(end, _))) => series.reset_within(lem_domain::TimeWindow { start, end }).is_some(),
            _ => false,
        };
        Self { updates: updates(&reads, descriptor), reads, shown, n_reads, is_stamped: descriptor.stamp == Stamp::Device, was_reset }
    }

    /// A trace of these reads and updates.
    #[cfg(test)]
    pub(super) fn made_of(reads: Vec<(f64, f64)>, updates: Vec<Update>) -> Self {
        let shown = reads.iter().map(|&(_, value)| value).collect();
        Self { n_reads: 4 * reads.len(), shown, reads, updates, is_stamped: false, was_reset: false }
    }

    /// From the first read to the last, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        match (self.reads.first(), self.reads.last()) {
            (Some(&(first, _)), Some(&(last, _))) => last - first,
            _ => 0.0,
        }
    }

    /// Whether there were reads, and all gave the same value; one that is stamped anew is no still one.
    pub(super) fn is_still(&self) -> bool {
        let is_renewed = self.is_stamped && self.reads.len() > 1;
        !self.reads.is_empty() && !is_renewed && self.reads.windows(2).all(|pair| pair[0].1.to_bits() == pair[1].1.to_bits())
    }

    /// Whether the value is new with more than half of the reads: it is then renewed faster than it is read, or made when
    /// it is asked for.
    pub(super) fn is_new_with_most_reads(&self) -> bool {
        self.updates.len() * 2 > self.n_reads
    }

    /// Mean time between two reads.
    #[expect(clippy::cast_precision_loss, reason = "a count of reads")]
    pub(super) fn spacing(&self) -> f64 {
        self.seconds() / self.n_reads.saturating_sub(1).max(1) as f64
    }

    /// Median time between the two reads around an update.
    pub(super) fn blur(&self) -> f64 {
        let mut gaps: Vec<f64> = self.updates.iter().map(|update| update.gap).collect();
        gaps.sort_by(f64::total_cmp);
        gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)
    }
}

/// Each value once, however often it was read in a row.
fn shown(points: &[(Timestamp, f64)]) -> Vec<f64> {
    let mut shown: Vec<f64> = points.iter().map(|&(_, value)| value).collect();
    shown.dedup_by_key(|value| value.to_bits());
    shown
}

fn updates(reads: &[(f64, f64)], descriptor: &SensorDescriptor) -> Vec<Update> {
    if descriptor.stamp == Stamp::Device {
        // One stamp is one update, whether the value changed or not.
        return reads.iter().map(|&(at, value)| Update { at, value, gap: 0.0 }).collect();
    }
    // Values are copies of what the driver said, so equal means the very same number.
    let changes = reads.windows(2).filter(|pair| pair[0].1.to_bits() != pair[1].1.to_bits());
    changes.map(|pair| Update { at: f64::midpoint(pair[0].0, pair[1].0), value: pair[1].1, gap: pair[1].0 - pair[0].0 }).collect()
}
