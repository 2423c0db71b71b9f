//! One sensor's samples on a time axis in seconds, with the wraps of a counter undone.

use crate::counter::{CounterRange, CounterStep};
use crate::sensor::{SensorDescriptor, SensorKind, Stamp};
use crate::time::Timestamp;
use crate::units::Joules;
use std::time::Duration;

/// One read: between `first` and `last`, in seconds since the series' origin, the sensor showed `value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Read {
    /// Earliest instant at which the value may have held.
    pub(super) first: f64,
    /// Latest such instant.
    pub(super) last: f64,
    /// In the unit of the sensor's kind.
    pub(super) value: f64,
}

impl Read {
    /// The best guess of when the value held.
    pub(super) fn middle(self) -> f64 {
        0.5 * (self.first + self.last)
    }
}

/// A value is most likely that of the middle of a read: the bounds leave out an eighth of it on either side, and where
/// that is wrong the updates contradict each other and their brackets are widened.
const READ_SHARE: f64 = 0.75;

/// All reads of one sensor in the order of time.
pub(super) struct Reads {
    origin: Timestamp,
    pub(super) reads: Vec<Read>,
}

impl Reads {
    /// From samples in any order: when, what, and how many nanoseconds the read took.
    pub(super) fn new(descriptor: &SensorDescriptor, samples: &[(Timestamp, f64, u32)]) -> Self {
        let mut samples = samples.to_vec();
        samples.sort_by_key(|&(at, ..)| at);
        let origin = samples.first().map_or_else(Timestamp::default, |&(at, ..)| at);
        let mut reads: Vec<Read> = Vec::with_capacity(samples.len());
        for (at, value, read_nanos) in samples {
            let half = match descriptor.stamp {
                Stamp::Read => Duration::from_nanos(u64::from(read_nanos)).as_secs_f64() / 2.0 * READ_SHARE,
                Stamp::Device => 0.0,
            };
            let middle = at.since(origin).get();
            let read = Read { first: middle - half, last: middle + half, value };
            match reads.last_mut() {
                // Of several samples at one instant the last one recorded counts.
                Some(last) if last.middle() >= middle => *last = read,
                _ => reads.push(read),
            }
        }
        if let SensorKind::EnergyCounter(range) = descriptor.kind {
            unwrap(&mut reads, range);
        }
        Self { origin, reads }
    }

    /// Usual time between two reads, in seconds; `None` with fewer than two.
    pub(super) fn median_spacing(&self) -> Option<f64> {
        let mut gaps: Vec<f64> = self.reads.windows(2).map(|pair| pair[1].middle() - pair[0].middle()).collect();
        let middle = gaps.len() / 2;
        (!gaps.is_empty()).then(|| *gaps.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// An instant on this axis.
    pub(super) fn at(&self, at: Timestamp) -> f64 {
        at.since(self.origin).get()
    }
}

/// Makes the counter only grow; where it was set back it adds nothing, and the caller refuses the window.
fn unwrap(reads: &mut [Read], range: CounterRange) {
    let mut total = 0.0;
    let mut last: Option<(Timestamp, Joules)> = None;
    for read in reads {
        let at = Timestamp::from_nanos(nanos(read.middle()));
        let raw = Joules::new(read.value);
        match range.step(last, (at, raw)) {
            CounterStep::First => total = read.value,
            CounterStep::Advanced(step) | CounterStep::Wrapped(step) => total += step.get(),
            CounterStep::Reset => {}
        }
        read.value = total;
        last = Some((at, raw));
    }
}

fn nanos(seconds: f64) -> u64 {
    u64::try_from(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX).as_nanos()).unwrap_or(u64::MAX)
}
