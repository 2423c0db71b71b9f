//! One sensor's energy over a window of any length, from samples that come in pieces and are let go of again.
//!
//! The window is cut into stretches. A stretch is read once the samples around its end are there, with as many samples on
//! both sides of every cut as have a say in it: both stretches then find the same energy at the cut, and their sum is that
//! of the whole.

use super::judge::{Judge, Read};
use super::reader::SensorReader;
use super::stretch::Stretch;
use super::ticking::{LATTICE_REACH_S, NEIGHBOURS};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind, SensorSample};
use crate::time::{TimeWindow, Timestamp};
use std::time::Duration;

/// Length of a stretch, unless the sensor needs a longer one.
const STRETCH: Duration = Duration::from_secs(60);

/// How far from an edge a sample may lie and still have a say in the energy at it.
#[must_use]
pub fn reach(sensor: &SensorDescriptor) -> Duration {
    let over = match sensor.kind {
        SensorKind::Power(PowerMeaning::Averaged(over)) => over,
        _ => Duration::ZERO,
    };
    let neighbours = u32::try_from(NEIGHBOURS + 2).unwrap_or(u32::MAX);
    // A mean is shifted by half of itself, and looked at over one of itself on both sides.
    Duration::from_secs_f64(LATTICE_REACH_S) + Judge::of(sensor).period() * neighbours + 2 * over
}

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::derive) struct SensorTally {
    descriptor: SensorDescriptor,
    opened: Timestamp,
    /// Everything up to the last cut.
    settled: Option<Stretch>,
    /// Where the stretch that is not settled begins.
    cut: Timestamp,
    /// Samples that have a say in that stretch.
    kept: Vec<(Timestamp, f64, u32)>,
    /// Why the energy can no longer be told, whatever comes.
    fault: Option<Read>,
}

impl SensorTally {
    /// Of a window that opens at an instant.
    pub(in crate::derive) fn new(descriptor: SensorDescriptor, opened: Timestamp) -> Self {
        Self { descriptor, opened, settled: None, cut: opened, kept: Vec::new(), fault: None }
    }

    /// The sensor.
    pub(super) fn descriptor(&self) -> &SensorDescriptor {
        &self.descriptor
    }

    /// Takes a sample in.
    pub(in crate::derive) fn take(&mut self, sample: &SensorSample) {
        if self.fault.is_none() {
            self.kept.push((sample.at, sample.value, sample.read_nanos));
        }
    }

    /// Settles every stretch that can be, given that no window will be asked for that ends before `horizon`.
    pub(in crate::derive) fn settle(&mut self, horizon: Timestamp) {
        while let Some(end) = self.next_cut(horizon) {
            let stretch = TimeWindow { start: self.cut, end };
            match SensorReader::new(&self.descriptor, &self.kept).stretch(stretch, self.opened) {
                Err(fault) => {
                    self.fault = Some(fault);
                    self.kept = Vec::new();
                }
                Ok(found) => {
                    self.settled = Some(match self.settled.take() {
                        Some(settled) => settled.then(found),
                        None => found,
                    });
                    self.cut = end;
                    let from = end.before(reach(&self.descriptor));
                    self.kept.retain(|&(at, ..)| at >= from);
                }
            }
        }
    }

    /// What the sensor says of the window up to an instant.
    pub(super) fn read(&self, end: Timestamp) -> Read {
        Judge::of(&self.descriptor).whole(end.since(self.opened), || {
            if let Some(fault) = &self.fault {
                return Err(fault.clone());
            }
            let last = SensorReader::new(&self.descriptor, &self.kept).stretch(TimeWindow { start: self.cut, end }, self.opened)?;
            Ok(match self.settled.clone() {
                Some(settled) => settled.then(last),
                None => last,
            })
        })
    }

    /// The end of the next stretch: an instant with samples on both sides. A hole in the samples is not cut but waited for.
    fn next_cut(&self, horizon: Timestamp) -> Option<Timestamp> {
        if self.fault.is_some() {
            return None;
        }
        let reach = reach(&self.descriptor);
        // What is left after the cut is never so short that its two edges would be found together.
        // Nor is anything cut behind the last sample: a sensor that fell silent is not looked for again and again.
        let latest = horizon.before(2 * reach).min(self.kept.last()?.0);
        let mut end = self.cut.after(STRETCH.max(2 * reach));
        while end <= latest {
            let near = |from: Timestamp, to: Timestamp| self.kept.iter().any(|&(at, ..)| from <= at && at <= to);
            if near(end.before(reach), end) && near(end, end.after(reach)) {
                return Some(end);
            }
            end = end.after(reach);
        }
        None
    }
}

#[cfg(test)]
mod tests;
