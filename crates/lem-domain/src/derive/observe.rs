//! Energy of a stretch of time in which nothing is known but the sensors: a program that ran, a second that passed.

use super::energy::{EnergyReading, SensorTally, best_by_device, mean_power, precise_enough, sum_devices};
use super::energy_findings::{Subject, no_sensor, of_sampling, of_total};
use super::gauges::{GaugeSummary, GaugeTally, Throttle};
use super::impact::{Impact, impact};
use super::paths::{PathPair, PathRatio, path_pairs};
use crate::finding::{Finding, FindingCode, Severity};
use crate::identity::DeviceId;
use crate::impact::Multipliers;
use crate::quantity::{Boundary, Quantity};
use crate::sensor::{PowerMeaning, SensorDescriptor, SensorKind, SensorRecord, SensorSample};
use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, Watts};
use std::time::Duration;

/// Everything said of a window from its sensors alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The window.
    pub window: TimeWindow,
    /// Energy by what it covers, innermost first. Boundaries overlap, so totals are never added.
    pub totals: Vec<BoundaryTotal>,
    /// The best reading of each device within each boundary.
    pub devices: Vec<DeviceEnergy>,
    /// Every sensor's own reading.
    pub readings: Vec<EnergyReading>,
    /// How sensors of one device and boundary compare.
    pub paths: Vec<PathRatio>,
    /// Gauges over the window.
    pub gauges: Vec<GaugeSummary>,
    /// Devices whose clocks were held down.
    pub throttles: Vec<Throttle>,
    /// What a reader must know.
    pub findings: Vec<Finding>,
}

/// Energy of all devices within one boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryTotal {
    /// What it covers.
    pub boundary: Boundary,
    /// Sum over devices of the best reading of each.
    pub energy: Quantity<Joules>,
    /// Energy ÷ window.
    pub mean_power: Quantity<Watts>,
    /// Carbon and cost of this energy.
    pub impact: Impact,
}

/// Energy of one device within one boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceEnergy {
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What it covers.
    pub boundary: Boundary,
    /// The sensor whose reading it is.
    pub sensor: String,
    /// Length of the trailing mean that the sensor shows; `None` when it shows none. What happens within it is smeared.
    pub averaged_over: Option<Duration>,
    /// Over the window.
    pub energy: Quantity<Joules>,
    /// Energy ÷ window.
    pub mean_power: Quantity<Watts>,
}

/// What is asked of an energy.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What it is multiplied by.
    pub multipliers: &'a Multipliers,
    /// Largest half-width of the 95 % interval of its random part, relative to it, before it is `limited`.
    pub precision: Option<f64>,
}

/// Observes a window of a record that holds all its samples.
#[must_use]
pub fn observe(record: &SensorRecord, window: TimeWindow, terms: Terms<'_>) -> Observation {
    let mut observer = Observer::new(&record.sensors, window.start);
    observer.take(&record.samples, window.start);
    observer.observe(window.end, record, terms)
}

/// Observes a window of any length while its samples come in, and keeps only those that still have a say.
#[derive(Clone, Debug)]
pub struct Observer {
    opened: Timestamp,
    tallies: Vec<Tally>,
}

/// What has been seen of one sensor.
#[derive(Clone, Debug)]
enum Tally {
    Energy(SensorTally),
    Gauge(GaugeTally),
}

impl Observer {
    /// Of a window that opens at an instant. Samples before it are welcome: they tell of its edge.
    #[must_use]
    pub fn new(sensors: &[SensorDescriptor], opened: Timestamp) -> Self {
        let tally = |sensor: &SensorDescriptor| match GaugeTally::new(sensor, opened) {
            Some(gauge) => Tally::Gauge(gauge),
            None => Tally::Energy(SensorTally::new(sensor.clone(), opened)),
        };
        Self { opened, tallies: sensors.iter().map(tally).collect() }
    }

    /// Takes samples in, each once. No end before `horizon` will be asked for from now on, so that what lies well before
    /// it is counted and let go of.
    pub fn take(&mut self, samples: &[SensorSample], horizon: Timestamp) {
        for sample in samples {
            match self.tallies.get_mut(usize::from(sample.sensor.0)) {
                Some(Tally::Energy(tally)) => tally.take(sample),
                Some(Tally::Gauge(tally)) => tally.take(sample),
                None => {}
            }
        }
        for tally in &mut self.tallies {
            match tally {
                Tally::Energy(tally) => tally.settle(horizon),
                Tally::Gauge(tally) => tally.settle(horizon),
            }
        }
    }

    /// What is known of the window up to an instant. Of `session` the sensors, sources and cost count, not the samples.
    #[must_use]
    pub fn observe(&self, end: Timestamp, session: &SensorRecord, terms: Terms<'_>) -> Observation {
        let window = TimeWindow { start: self.opened, end: end.max(self.opened) };
        let energies = self.tallies.iter().filter_map(|tally| if let Tally::Energy(tally) = tally { Some(tally) } else { None });
        let readings: Vec<EnergyReading> = energies.map(|tally| EnergyReading::without_phases(tally, window.end)).collect();
        let gauges = || self.tallies.iter().filter_map(|tally| if let Tally::Gauge(tally) = tally { Some(tally) } else { None });
        let throttles: Vec<Throttle> = gauges().filter_map(|gauge| gauge.throttle(window.end)).collect();
        let totals = totals(&readings, window, terms);
        Observation {
            window,
            devices: devices(&readings, window, &session.sensors),
            paths: path_pairs(&session.sensors, &readings).iter().filter_map(PathPair::ratio).collect(),
            gauges: gauges().filter_map(|gauge| gauge.summary(window.end)).collect(),
            findings: findings(&totals, &readings, &throttles, session),
            totals,
            readings,
            throttles,
        }
    }
}

fn totals(readings: &[EnergyReading], window: TimeWindow, terms: Terms<'_>) -> Vec<BoundaryTotal> {
    let total = |&boundary: &Boundary| {
        let best = best_by_device(readings, boundary, |reading| &reading.energy);
        let energy = sum_devices(&best.iter().map(|reading| &reading.energy).collect::<Vec<_>>(), boundary)?;
        let energy = precise_enough(energy, &best, terms.precision, window.span());
        let mean_power = mean_power(&energy, window.span());
        Some(BoundaryTotal { boundary, mean_power, impact: impact(&energy, terms.multipliers), energy })
    };
    Boundary::ALL.iter().filter_map(total).collect()
}

fn devices(readings: &[EnergyReading], window: TimeWindow, sensors: &[SensorDescriptor]) -> Vec<DeviceEnergy> {
    let best = Boundary::ALL.iter().flat_map(|&boundary| best_by_device(readings, boundary, |reading| &reading.energy));
    best.map(|reading| DeviceEnergy {
        device: reading.device.clone(),
        device_name: reading.device_name.clone(),
        boundary: reading.boundary,
        sensor: reading.sensor.clone(),
        averaged_over: sensors.iter().find(|sensor| sensor.device == reading.device && sensor.name == reading.sensor).and_then(mean_over),
        energy: reading.energy.clone(),
        mean_power: mean_power(&reading.energy, window.span()),
    })
    .collect()
}

fn mean_over(sensor: &SensorDescriptor) -> Option<Duration> {
    match sensor.kind {
        SensorKind::Power(PowerMeaning::Averaged(over)) => Some(over),
        SensorKind::Power(PowerMeaning::Instant) | SensorKind::EnergyCounter(_) | SensorKind::BusyTime(_) | SensorKind::Gauge(_) => None,
    }
}

fn findings(totals: &[BoundaryTotal], readings: &[EnergyReading], throttles: &[Throttle], session: &SensorRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    if totals.is_empty() {
        let hint = "`lem doctor` tells what each source needs; `--backend estimate` estimates from processor load";
        findings.push(Finding::new(FindingCode::EnergyUnavailable, Severity::Error, no_sensor(&session.sources)).with_hint(hint));
    }
    findings.extend(totals.iter().flat_map(|total| of_total(&total.energy, readings, &session.sensors, Subject::Time)));
    findings.extend(path_pairs(&session.sensors, readings).iter().filter_map(PathPair::disagreement));
    findings.extend(throttles.iter().map(Throttle::finding));
    findings.extend(of_sampling(&session.cost));
    findings
}

#[cfg(test)]
mod tests;
