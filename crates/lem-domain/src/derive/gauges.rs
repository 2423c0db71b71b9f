//! What explains an energy without being one: temperatures, clocks, limits, and why clocks were held down.

use crate::finding::{Finding, FindingCode, Severity};
use crate::identity::DeviceId;
use crate::sensor::{Gauge, SensorDescriptor, SensorKind, SensorRecord, SensorSample};
use crate::time::{TimeWindow, Timestamp};
use std::collections::BTreeMap;

/// One gauge over the measured window.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeSummary {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What it gauges, which says its unit.
    pub gauge: Gauge,
    /// Smallest value.
    pub min: f64,
    /// Arithmetic mean of the samples, not weighted by time.
    pub mean: f64,
    /// Largest value.
    pub max: f64,
    /// Number of samples.
    pub n_samples: u64,
}

/// Why the driver of one device held its clocks down, for another reason than that nothing ran or that they were set so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// The reasons by NVML's names, each with the number of samples that showed it.
    pub reasons: Vec<(String, u64)>,
    /// Number of samples.
    pub n_samples: u64,
}

/// The gauges that gave a sample inside the window. Reasons of throttling are bits, of which there is no mean: they are
/// told by [`throttling`] alone.
pub(super) fn gauges(host: &SensorRecord, window: TimeWindow) -> Vec<GaugeSummary> {
    tallies(host, window).iter().filter_map(|tally| tally.summary(window.end)).collect()
}

/// Gauges of several windows as those of one.
pub(super) fn pooled_gauges(of_windows: impl Iterator<Item = Vec<GaugeSummary>>) -> Vec<GaugeSummary> {
    let mut pooled: Vec<GaugeSummary> = Vec::new();
    for gauge in of_windows.flatten() {
        match pooled.iter_mut().find(|known| known.device == gauge.device && known.sensor == gauge.sensor) {
            None => pooled.push(gauge),
            Some(known) => known.pool(&gauge),
        }
    }
    pooled
}

/// Devices whose clocks were held down in the window.
pub(super) fn throttling(host: &SensorRecord, window: TimeWindow) -> Vec<Throttle> {
    tallies(host, window).iter().filter_map(|tally| tally.throttle(window.end)).collect()
}

/// What is to be said of devices whose clocks were held down, in any of several windows.
pub(super) fn throttle_findings(of_windows: impl Iterator<Item = Vec<Throttle>>) -> Vec<Finding> {
    let mut pooled: Vec<Throttle> = Vec::new();
    for throttle in of_windows.flatten() {
        match pooled.iter_mut().find(|known| known.device == throttle.device) {
            None => pooled.push(throttle),
            Some(known) => known.pool(throttle),
        }
    }
    pooled.iter().map(Throttle::finding).collect()
}

fn tallies(host: &SensorRecord, window: TimeWindow) -> Vec<GaugeTally> {
    let mut tallies: Vec<Option<GaugeTally>> = host.sensors.iter().map(|sensor| GaugeTally::new(sensor, window.start)).collect();
    for sample in &host.samples {
        tallies.get_mut(usize::from(sample.sensor.0)).into_iter().flatten().for_each(|tally| tally.take(sample));
    }
    tallies.into_iter().flatten().collect()
}

/// One gauge over a window of any length, from samples that come in pieces and are let go of again.
#[derive(Clone, Debug)]
pub(super) struct GaugeTally {
    sensor: SensorDescriptor,
    gauge: Gauge,
    opened: Timestamp,
    counted: Counted,
    /// Samples of which it is not known yet whether they lie in the window.
    kept: Vec<(Timestamp, f64)>,
}

/// What is left of samples that were counted.
#[derive(Clone, Debug, Default)]
struct Counted {
    n_samples: u64,
    sum: f64,
    /// Smallest and largest value.
    range: Option<(f64, f64)>,
    /// How often each bit of a set was seen, by its position.
    bits: BTreeMap<u32, u64>,
}

impl GaugeTally {
    /// Of a window that opens at an instant; `None` for a sensor that is no gauge.
    pub(super) fn new(sensor: &SensorDescriptor, opened: Timestamp) -> Option<Self> {
        let SensorKind::Gauge(gauge) = sensor.kind else { return None };
        Some(Self { sensor: sensor.clone(), gauge, opened, counted: Counted::default(), kept: Vec::new() })
    }

    /// Takes a sample in.
    pub(super) fn take(&mut self, sample: &SensorSample) {
        if sample.at >= self.opened {
            self.kept.push((sample.at, sample.value));
        }
    }

    /// Counts what lies before an instant before which no window will end.
    pub(super) fn settle(&mut self, horizon: Timestamp) {
        self.counted = self.counted_to(horizon);
        self.kept.retain(|&(at, _)| at > horizon);
    }

    fn counted_to(&self, end: Timestamp) -> Counted {
        let mut counted = self.counted.clone();
        let inside = self.kept.iter().filter(|&&(at, _)| at <= end);
        inside.for_each(|&(_, value)| counted.count(value, self.gauge));
        counted
    }

    /// The gauge up to an instant; `None` without a sample, and for bits.
    pub(super) fn summary(&self, end: Timestamp) -> Option<GaugeSummary> {
        let counted = self.counted_to(end);
        let (min, max) = counted.range.filter(|_| self.gauge != Gauge::ThrottleReasons)?;
        #[expect(clippy::cast_precision_loss, reason = "samples of one window stay far below 2^53")]
        let mean = counted.sum / counted.n_samples as f64;
        Some(GaugeSummary {
            sensor: self.sensor.name.clone(),
            device: self.sensor.device.clone(),
            device_name: self.sensor.device_name.clone(),
            gauge: self.gauge,
            min,
            mean,
            max,
            n_samples: counted.n_samples,
        })
    }

    /// Why the clocks were held down up to an instant; `None` when they were not.
    pub(super) fn throttle(&self, end: Timestamp) -> Option<Throttle> {
        let counted = self.counted_to(end);
        let expected = |position: u32| (1u64 << position) & EXPECTED != 0;
        let seen = counted.bits.iter().filter(|&(&position, _)| !expected(position));
        let reasons: Vec<(String, u64)> = seen.map(|(&position, &n_samples)| (reason(1u64 << position), n_samples)).collect();
        (!reasons.is_empty()).then(|| Throttle {
            device: self.sensor.device.clone(),
            device_name: self.sensor.device_name.clone(),
            reasons,
            n_samples: counted.n_samples,
        })
    }
}

impl Counted {
    fn count(&mut self, value: f64, gauge: Gauge) {
        self.n_samples += 1;
        self.sum += value;
        let (min, max) = self.range.unwrap_or((value, value));
        self.range = Some((min.min(value), max.max(value)));
        if gauge == Gauge::ThrottleReasons {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bits 0 to 52 are exact, and a cast saturates")]
            let set = value as u64;
            (0..u64::BITS).filter(|position| set & (1 << position) != 0).for_each(|position| *self.bits.entry(position).or_default() += 1);
        }
    }
}

impl GaugeSummary {
    fn pool(&mut self, other: &Self) {
        let n_samples = self.n_samples + other.n_samples;
        #[expect(clippy::cast_precision_loss, reason = "samples of one experiment stay far below 2^53")]
        let share = other.n_samples as f64 / n_samples as f64;
        self.mean += share * (other.mean - self.mean);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.n_samples = n_samples;
    }
}

impl Throttle {
    fn pool(&mut self, other: Self) {
        self.n_samples += other.n_samples;
        for (reason, n_samples) in other.reasons {
            match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
                None => self.reasons.push((reason, n_samples)),
                Some((_, known)) => *known += n_samples,
            }
        }
    }

    /// What a reader must know of it.
    pub(super) fn finding(&self) -> Finding {
        let told: Vec<String> =
            self.reasons.iter().map(|(reason, n_samples)| format!("{reason} in {n_samples} of {} samples", self.n_samples)).collect();
        let message = format!("{}: the driver held the clocks down ({})", self.device_name, told.join(", "));
        let hint = "power and speed hold for these clocks; fix the clocks, or better the cooling, before runs are compared";
        Finding::new(FindingCode::Throttled, Severity::Warning, message).with_hint(hint)
    }
}

/// Nothing runs (0x1), and the clocks are where they were set to be (0x2): neither holds anything back. Bits as in NVML's
/// `nvmlClocksEventReasons`, see the NVML reference.
const EXPECTED: u64 = 0x1 | 0x2;

/// The other reasons why a driver holds clocks down, by bit.
const REASONS: &[(u64, &str)] = &[
    (0x4, "sw_power_cap"),
    (0x8, "hw_slowdown"),
    (0x10, "sync_boost"),
    (0x20, "sw_thermal_slowdown"),
    (0x40, "hw_thermal_slowdown"),
    (0x80, "hw_power_brake_slowdown"),
    (0x100, "display_clock_setting"),
];

fn reason(bit: u64) -> String {
    REASONS.iter().find(|&&(known, _)| known == bit).map_or_else(|| format!("unknown reason {bit:#x}"), |&(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{record, sensor, window};
    use super::*;
    use crate::quantity::Boundary;

    fn gauge(gauge: Gauge, points: Vec<(u64, f64)>) -> SensorRecord {
        record(vec![(sensor(gauge.as_str(), "gpu", SensorKind::Gauge(gauge), Boundary::GpuBoard), points)])
    }

    #[test]
    fn only_samples_inside_the_window_count() {
        let record = gauge(Gauge::Temperature, vec![(0, 20.0), (1_000, 60.0), (1_500, 64.0), (2_000, 71.0), (3_000, 90.0)]);
        let gauges = gauges(&record, window(1_000, 2_000));
        assert_eq!(gauges.len(), 1);
        assert_eq!((gauges[0].min, gauges[0].mean, gauges[0].max, gauges[0].n_samples), (60.0, 65.0, 71.0, 3));
        assert_eq!((gauges[0].gauge, gauges[0].device_name.as_str()), (Gauge::Temperature, "board gpu"));
    }

    #[test]
    fn a_gauge_without_a_sample_in_the_window_is_left_out() {
        let record = gauge(Gauge::Frequency, vec![(0, 1.4e9), (3_000, 1.4e9)]);
        assert_eq!(gauges(&record, window(1_000, 2_000)), []);
    }

    #[test]
    fn throttling_names_its_reasons_and_how_often() {
        let check = |bits: &[u64], expected: Option<&str>| {
            #[expect(clippy::cast_precision_loss, reason = "small bit sets")]
            let points = bits.iter().zip(1..).map(|(&bits, tick)| (tick * 100, bits as f64)).collect();
            let record = gauge(Gauge::ThrottleReasons, points);
            assert_eq!(gauges(&record, window(0, 10_000)), [], "bits have no mean");
            let findings = throttle_findings(std::iter::once(throttling(&record, window(0, 10_000))));
            assert_eq!(findings.len(), usize::from(expected.is_some()), "{findings:?}");
            for (finding, expected) in findings.iter().zip(expected) {
                assert_eq!((finding.code, finding.severity), (FindingCode::Throttled, Severity::Warning));
                assert!(finding.message.contains(expected) && finding.hint.is_some(), "{finding:?}");
            }
        };
        check(&[], None);
        check(&[0, 0x1, 0x2, 0x3], None);
        check(&[0x4, 0, 0x4], Some("board gpu: the driver held the clocks down (sw_power_cap in 2 of 3 samples)"));
        check(&[0x48], Some("hw_slowdown in 1 of 1 samples, hw_thermal_slowdown in 1 of 1 samples"));
        check(&[0x1, 0x200], Some("unknown reason 0x200"));
    }

    #[test]
    fn several_windows_are_pooled_sample_by_sample() {
        let temperature = gauge(Gauge::Temperature, vec![(1_000, 60.0), (1_500, 66.0), (2_000, 66.0), (3_000, 40.0)]);
        let pooled = pooled_gauges([window(900, 2_100), window(2_900, 3_100)].into_iter().map(|window| gauges(&temperature, window)));
        assert_eq!((pooled.len(), pooled[0].min, pooled[0].mean, pooled[0].max, pooled[0].n_samples), (1, 40.0, 58.0, 66.0, 4));
        let throttled = gauge(Gauge::ThrottleReasons, vec![(1_000, 4.0), (3_000, 12.0)]);
        let of_windows = [window(900, 1_100), window(2_900, 3_100)].into_iter().map(|window| throttling(&throttled, window));
        let findings = throttle_findings(of_windows);
        assert!(findings.len() == 1 && findings[0].message.contains("sw_power_cap in 2 of 2"), "{findings:?}");
    }

    #[test]
    fn throttling_outside_the_window_does_not_matter() {
        let record = gauge(Gauge::ThrottleReasons, vec![(0, 64.0), (1_500, 0.0), (3_000, 64.0)]);
        assert_eq!(throttling(&record, window(1_000, 2_000)), []);
    }
}
