//! Energy over windows from recorded samples, with uncertainty (MEASUREMENT.md §4).

mod aged;
mod averaged;
mod judge;
mod lattice;
mod pooled;
mod precision;
mod reader;
mod reads;
mod rounding;
mod sampled;
mod scatter;
mod spread;
mod stand_in;
mod standstill;
mod stretch;
mod tally;
mod ticking;
mod trace;
mod updates;

use crate::finding::FindingCode;
use crate::identity::DeviceId;
use crate::quantity::{Boundary, Grade, Quantity, Validity};
use crate::sensor::{SensorDescriptor, SensorKind, SensorRecord};
use crate::time::{TimeWindow, Timestamp};
use crate::uncertainty::Uncertainty;
use crate::units::{Joules, Seconds, Watts};
use judge::Read;
use reader::SensorReader;
use std::collections::BTreeMap;

pub(super) use pooled::pooled;
pub(super) use precision::precise_enough;
pub(super) use stand_in::stand_ins;
pub(in crate::derive) use tally::SensorTally;
pub use tally::reach;

/// The energy one sensor saw.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergyReading {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What the reading covers.
    pub boundary: Boundary,
    /// Over the measured window.
    pub energy: Quantity<Joules>,
    /// Over the time in which only prefill ran.
    pub prefill: Quantity<Joules>,
    /// Over the time in which only decode ran.
    pub decode: Quantity<Joules>,
    /// Why the energy of the window is missing or limited.
    pub problem: Option<FindingCode>,
    /// Rank among sensors of one device: a counter before power before an estimate.
    rank: u8,
}

impl EnergyReading {
    /// Whether a counter gave it.
    fn is_counted(&self) -> bool {
        self.rank == COUNTER_RANK
    }

    /// Its place among the readings of one device, the best first.
    fn order(&self, pick: impl Fn(&Self) -> &Quantity<Joules>) -> (bool, Grade, u8) {
        (pick(self).value().is_none(), pick(self).grade(), self.rank)
    }
}

/// Reads every sensor of a record over the measured window and its phases.
#[must_use]
pub fn read_energy(record: &SensorRecord, window: TimeWindow, prefill: &[TimeWindow], decode: &[TimeWindow]) -> Vec<EnergyReading> {
    let mut samples: Vec<Vec<(Timestamp, f64, u32)>> = vec![Vec::new(); record.sensors.len()];
    for sample in &record.samples {
        if let Some(points) = samples.get_mut(usize::from(sample.sensor.0)) {
            points.push((sample.at, sample.value, sample.read_nanos));
        }
    }
    record
        .sensors
        .iter()
        .zip(samples)
        .filter(|(descriptor, _)| descriptor.tells_energy())
        .map(|(descriptor, points)| {
            let reader = SensorReader::new(descriptor, &points);
            let phases = [reader.phase("prefill", prefill), reader.phase("decode", decode)];
            EnergyReading::of(descriptor, reader.whole(window), phases)
        })
        .collect()
}

impl EnergyReading {
    fn of(descriptor: &SensorDescriptor, Read { energy, problem }: Read, [prefill, decode]: [Quantity<Joules>; 2]) -> Self {
        Self {
            sensor: descriptor.name.clone(),
            device: descriptor.device.clone(),
            device_name: descriptor.device_name.clone(),
            boundary: descriptor.boundary,
            energy,
            prefill,
            decode,
            problem,
            rank: rank(&descriptor.kind),
        }
    }

    /// What a sensor saw up to an instant of a window in which no phases are known.
    pub(in crate::derive) fn without_phases(tally: &SensorTally, end: Timestamp) -> Self {
        let no_phase = || Quantity::unavailable("only requests have phases").within(tally.descriptor().boundary);
        Self::of(tally.descriptor(), tally.read(end), [no_phase(), no_phase()])
    }
}

/// The headline: the best reading of each device, added over the devices of the innermost boundary that has any.
///
/// Accelerators come before the processor; readings of other boundaries stay beside the headline and are not added.
#[must_use]
pub fn headline(readings: &[EnergyReading], pick: impl Fn(&EnergyReading) -> &Quantity<Joules>) -> Quantity<Joules> {
    let sum = |&boundary| sum_devices(&best_by_device(readings, boundary, &pick).into_iter().map(&pick).collect::<Vec<_>>(), boundary);
    Boundary::ALL.iter().find_map(sum).unwrap_or_else(|| Quantity::unavailable("no energy sensor was read"))
}

/// The best reading of each device within a boundary: a value before none, the better grade, a counter before a power.
pub(in crate::derive) fn best_by_device(
    readings: &[EnergyReading],
    boundary: Boundary,
    pick: impl Fn(&EnergyReading) -> &Quantity<Joules>,
) -> Vec<&EnergyReading> {
    let mut best: BTreeMap<&DeviceId, &EnergyReading> = BTreeMap::new();
    for reading in readings.iter().filter(|reading| reading.boundary == boundary) {
        best.entry(&reading.device)
            .and_modify(|kept| {
                if reading.order(&pick) < kept.order(&pick) {
                    *kept = reading;
                }
            })
            .or_insert(reading);
    }
    best.into_values().collect()
}

/// Energy ÷ window.
pub(in crate::derive) fn mean_power(energy: &Quantity<Joules>, span: Seconds) -> Quantity<Watts> {
    energy.per(span.get(), |joules| joules.over(span), "energy ÷ window", "the window is empty")
}

/// Adds one quantity per device; a device without a value makes the sum unavailable, never smaller.
pub(in crate::derive) fn sum_devices(parts: &[&Quantity<Joules>], boundary: Boundary) -> Option<Quantity<Joules>> {
    match parts {
        [] => None,
        [only] => Some((*only).clone()),
        several => {
            if let Some(missing) = several.iter().find(|part| part.value().is_none()) {
                return Some((*missing).clone());
            }
            let energy: Joules = several.iter().filter_map(|part| part.value()).sum();
            let grade = several.iter().map(|part| part.grade()).fold(Grade::Derived, Grade::combine);
            let uncertainty = Uncertainty::sum_of_correlated(several.iter().filter_map(|part| part.uncertainty()));
            let validity = several.iter().fold(Validity::Ok, |worst, part| worst.combine(part.validity().clone()));
            let source = format!("sum over {} devices", several.len());
            Some(Quantity::present(energy, grade, source).with_uncertainty(uncertainty).within(boundary).judged(validity))
        }
    }
}

const COUNTER_RANK: u8 = 0;

fn rank(kind: &SensorKind) -> u8 {
    match kind {
        SensorKind::EnergyCounter(_) => COUNTER_RANK,
        SensorKind::Power(_) => 1,
        SensorKind::BusyTime(_) => 2,
        SensorKind::Gauge(_) => 3,
    }
}

#[cfg(test)]
mod tests;
