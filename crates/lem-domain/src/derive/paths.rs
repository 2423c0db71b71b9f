//! Several sensors that measure one thing: their ratio, always, and a finding when they disagree (MEASUREMENT.md §4).

use super::energy::EnergyReading;
use crate::finding::{Finding, FindingCode, Severity};
use crate::identity::DeviceId;
use crate::quantity::{Boundary, Grade};
use crate::sensor::{SensorDescriptor, SensorKind};
use crate::units::Joules;

/// Two paths to one energy may differ by this share before it is a finding.
const TOLERANCE: f64 = 0.05;

/// How two measured sensors of one device and boundary compare over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct PathRatio {
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What both cover.
    pub boundary: Boundary,
    /// The sensor above the line: the counter, where one of the two is one.
    pub first: String,
    /// The sensor below the line.
    pub second: String,
    /// Energy by the first ÷ energy by the second.
    pub ratio: f64,
}

/// One energy by two paths.
pub(super) struct PathPair<'a> {
    first: (&'a EnergyReading, Joules),
    second: (&'a EnergyReading, Joules),
}

/// Every pair of sensors that measured one device within one boundary; counters stand first.
pub(super) fn path_pairs<'a>(sensors: &[SensorDescriptor], readings: &'a [EnergyReading]) -> Vec<PathPair<'a>> {
    let counts = |reading: &EnergyReading| {
        let is_its_own = |sensor: &&SensorDescriptor| sensor.device == reading.device && sensor.name == reading.sensor;
        sensors.iter().find(is_its_own).is_some_and(|sensor| matches!(sensor.kind, SensorKind::EnergyCounter(_)))
    };
    let measured = readings.iter().filter(|reading| reading.energy.grade() == Grade::Measured);
    let mut known: Vec<_> = measured.filter_map(|reading| Some((reading, reading.energy.value()?))).collect();
    known.sort_by_key(|(reading, _)| !counts(reading));
    let mut pairs = Vec::new();
    for (position, &first) in known.iter().enumerate() {
        let is_same = |(second, _): &&(&EnergyReading, Joules)| second.device == first.0.device && second.boundary == first.0.boundary;
        pairs.extend(known[position + 1..].iter().filter(is_same).map(|&second| PathPair { first, second }));
    }
    pairs
}

impl PathPair<'_> {
    /// The ratio; `None` when there is nothing to divide by.
    pub(super) fn ratio(&self) -> Option<PathRatio> {
        let ((first, above), (second, below)) = (self.first, self.second);
        (below.get() != 0.0).then(|| PathRatio {
            device: first.device.clone(),
            device_name: first.device_name.clone(),
            boundary: first.boundary,
            first: first.sensor.clone(),
            second: second.sensor.clone(),
            ratio: above.get() / below.get(),
        })
    }

    /// What is to be said when the two differ beyond tolerance and beyond their random uncertainty.
    pub(super) fn disagreement(&self) -> Option<Finding> {
        let ((first, a), (second, b)) = (self.first, self.second);
        let random = |reading: &EnergyReading| reading.energy.uncertainty().map_or(0.0, |uncertainty| 2.0 * uncertainty.random);
        let allowed = TOLERANCE * a.get().abs().max(b.get().abs()) + random(first).hypot(random(second));
        ((a - b).get().abs() > allowed).then(|| {
            let ratio = self.ratio().map_or_else(String::new, |path| format!(" (ratio {:.3})", path.ratio));
            let says = format!("`{}` says {:.1} J, `{}` says {:.1} J", first.sensor, a.get(), second.sensor, b.get());
            let message = format!("{}: {says}{ratio}", first.device_name);
            Finding::new(FindingCode::EnergyPathsDisagree, Severity::Warning, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::energy::read_energy;
    use super::super::fixture::{self, NEVER_WRAPS, record, window};
    use super::*;
    use crate::sensor::PowerMeaning;

    /// The pairs of a board with a counter and a power sensor that say these joules after a second.
    fn pairs(counter_j: f64, power_w: f64) -> (Vec<PathRatio>, Vec<Finding>) {
        let power = fixture::sensor("power", "gpu", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let counter = fixture::sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let other = fixture::sensor("energy", "cpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::CpuPackage);
        let record = record(vec![
            (power, vec![(0, power_w), (1_000, power_w)]),
            (counter, vec![(0, 7.0), (1_000, 7.0 + counter_j)]),
            (other, vec![(0, 0.0), (1_000, 1.0)]),
        ]);
        let readings = read_energy(&record, window(0, 1_000), &[], &[]);
        let pairs = path_pairs(&record.sensors, &readings);
        (pairs.iter().filter_map(PathPair::ratio).collect(), pairs.iter().filter_map(PathPair::disagreement).collect())
    }

    #[test]
    fn a_counter_stands_above_the_line_and_other_devices_apart() {
        let (ratios, findings) = pairs(102.0, 100.0);
        assert_eq!(ratios.len(), 1);
        assert_eq!((ratios[0].first.as_str(), ratios[0].second.as_str(), ratios[0].boundary), ("energy", "power", Boundary::GpuBoard));
        assert!((ratios[0].ratio - 1.02).abs() < 1e-9);
        assert_eq!(findings, []);
    }

    #[test]
    fn paths_that_disagree_are_a_finding_with_both_figures() {
        let (_, findings) = pairs(130.0, 100.0);
        assert_eq!(findings[0].code, FindingCode::EnergyPathsDisagree);
        assert!(findings[0].message.contains("130.0 J") && findings[0].message.contains("ratio 1.300"), "{}", findings[0].message);
    }

    #[test]
    fn a_dead_sensor_has_no_ratio_and_is_still_found() {
        let (ratios, findings) = pairs(100.0, 0.0);
        assert_eq!((ratios.len(), findings.len()), (0, 1));
        assert_eq!(pairs(0.0, 0.0).1, []);
    }
}
