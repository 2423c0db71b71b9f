//! Energy over windows from recorded samples, with uncertainty (MEASUREMENT.md §4).

mod reader;

use crate::finding::FindingCode;
use crate::identity::DeviceId;
use crate::quantity::{Boundary, Grade, Quantity, Uncertainty, Validity};
use crate::sensor::{SensorKind, SensorRecord};
use crate::time::{TimeWindow, Timestamp};
use crate::units::Joules;
use reader::{Read, SensorReader};
use std::collections::BTreeMap;

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

/// Reads every sensor of a record over the measured window and its phases.
#[must_use]
pub fn read_energy(record: &SensorRecord, window: TimeWindow, prefill: &[TimeWindow], decode: &[TimeWindow]) -> Vec<EnergyReading> {
    let mut samples: Vec<Vec<(Timestamp, f64)>> = vec![Vec::new(); record.sensors.len()];
    for sample in &record.samples {
        if let Some(points) = samples.get_mut(usize::from(sample.sensor.0)) {
            points.push((sample.at, sample.value));
        }
    }
    record
        .sensors
        .iter()
        .zip(samples)
        .map(|(descriptor, points)| {
            let reader = SensorReader::new(descriptor, points, record.interval);
            let Read { energy, problem } = reader.whole(window);
            EnergyReading {
                sensor: descriptor.name.clone(),
                device: descriptor.device.clone(),
                device_name: descriptor.device_name.clone(),
                boundary: descriptor.boundary,
                energy,
                prefill: reader.phase("prefill", prefill),
                decode: reader.phase("decode", decode),
                problem,
                rank: rank(&descriptor.kind),
            }
        })
        .collect()
}

/// The headline: the best reading of each device, added over the devices of the innermost boundary that has any.
///
/// Accelerators come before the processor; readings of other boundaries stay beside the headline and are not added.
#[must_use]
pub fn headline(readings: &[EnergyReading], pick: impl Fn(&EnergyReading) -> &Quantity<Joules>) -> Quantity<Joules> {
    for &boundary in Boundary::ALL {
        let mut best: BTreeMap<&DeviceId, &EnergyReading> = BTreeMap::new();
        for reading in readings.iter().filter(|reading| reading.boundary == boundary) {
            let order = |reading: &EnergyReading| (pick(reading).value().is_none(), pick(reading).grade(), reading.rank);
            best.entry(&reading.device)
                .and_modify(|kept| {
                    if order(reading) < order(kept) {
                        *kept = reading;
                    }
                })
                .or_insert(reading);
        }
        let parts: Vec<_> = best.values().map(|reading| pick(reading)).collect();
        if let Some(sum) = sum_devices(&parts, boundary) {
            return sum;
        }
    }
    Quantity::unavailable("no energy sensor was read")
}

/// Adds one quantity per device; a device without a value makes the sum unavailable, never smaller.
fn sum_devices(parts: &[&Quantity<Joules>], boundary: Boundary) -> Option<Quantity<Joules>> {
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

fn rank(kind: &SensorKind) -> u8 {
    match kind {
        SensorKind::EnergyCounter(_) => 0,
        SensorKind::Power(_) => 1,
        SensorKind::BusyTime(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::CounterRange;
    use crate::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorIndex, SensorSample, ThreadPower};
    use crate::units::Watts;
    use std::time::Duration;

    const NEVER_WRAPS: CounterRange = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: at(start), end: at(end) }
    }

    fn sensor(name: &str, device: &str, kind: SensorKind, boundary: Boundary) -> SensorDescriptor {
        SensorDescriptor {
            name: name.into(),
            device: DeviceId::new(device),
            device_name: device.into(),
            kind,
            boundary,
            update_period: Duration::ZERO,
            resolution: 0.0,
            gain: Gain { half_width: 0.1, source: "test".into() },
            source: format!("{name} of {device}"),
        }
    }

    fn record(sensors: Vec<(SensorDescriptor, Vec<(u64, f64)>)>) -> SensorRecord {
        let mut record = SensorRecord { interval: Duration::from_millis(50), ..SensorRecord::default() };
        for (position, (descriptor, points)) in sensors.into_iter().enumerate() {
            record.sensors.push(descriptor);
            record.samples.extend(points.into_iter().map(|(millis, value)| SensorSample {
                sensor: SensorIndex::of(position),
                at: at(millis),
                value,
                read_nanos: 0,
            }));
        }
        record
    }

    fn energy(record: &SensorRecord, window: TimeWindow) -> Quantity<Joules> {
        headline(&read_energy(record, window, &[], &[]), |reading| &reading.energy)
    }

    #[test]
    fn a_counter_gives_its_difference_and_its_gain_as_systematic() {
        let counter = sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let record = record(vec![(counter, vec![(0, 100.0), (2_000, 600.0)])]);
        let energy = energy(&record, window(0, 2_000));
        assert_eq!(
            (energy.value(), energy.grade(), energy.boundary()),
            (Some(Joules::new(500.0)), Grade::Measured, Some(Boundary::GpuBoard))
        );
        let uncertainty = energy.uncertainty().expect("stated");
        assert!((uncertainty.systematic - 50.0 / 3.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn stale_edges_of_constant_power_give_tau_over_root_six() {
        let slow = SensorDescriptor {
            update_period: Duration::from_millis(100),
            ..sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard)
        };
        let points = (0u32..=100).map(|tick| (u64::from(tick) * 100, f64::from(tick) * 30.0)).collect();
        let energy = energy(&record(vec![(slow, points)]), window(1_000, 9_000));
        let uncertainty = energy.uncertainty().expect("stated");
        assert!((uncertainty.random - 0.1 * 300.0 / 6.0_f64.sqrt()).abs() < 1e-9, "{uncertainty:?}");
        assert!((energy.value().expect("value").get() - 2_400.0).abs() < 1e-9);
    }

    #[test]
    fn two_sensors_of_one_device_are_not_added_and_two_devices_are() {
        let counter = |device| sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let power = sensor("power", "gpu-0", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let package = sensor("package", "cpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::CpuPackage);
        let record = record(vec![
            (power, vec![(0, 260.0), (1_000, 260.0)]),
            (counter("gpu-0"), vec![(0, 0.0), (1_000, 250.0)]),
            (counter("gpu-1"), vec![(0, 0.0), (1_000, 100.0)]),
            (package, vec![(0, 0.0), (1_000, 80.0)]),
        ]);
        let energy = energy(&record, window(0, 1_000));
        assert_eq!((energy.value(), energy.grade()), (Some(Joules::new(350.0)), Grade::Derived));
    }

    #[test]
    fn a_reset_or_lost_counter_is_invalid_and_one_that_is_not_there_unavailable() {
        let counter = || sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let reset = energy(&record(vec![(counter(), vec![(0, 100.0), (500, 20.0), (1_000, 50.0)])]), window(0, 1_000));
        assert_eq!((reset.value(), reset.validity().as_str()), (None, "invalid"));
        let lost = energy(&record(vec![(counter(), vec![(0, 100.0), (500, 200.0)])]), window(0, 1_000));
        assert_eq!((lost.value(), lost.validity().as_str()), (None, "invalid"));
        assert_eq!(energy(&record(vec![]), window(0, 1_000)).value(), None);
    }

    #[test]
    fn a_reset_outside_the_window_does_not_spoil_it() {
        let counter = sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let record = record(vec![(counter, vec![(0, 900.0), (500, 10.0), (1_000, 60.0), (2_000, 160.0)])]);
        assert_eq!(energy(&record, window(1_000, 2_000)).value(), Some(Joules::new(100.0)));
        let readings = read_energy(&record, window(0, 2_000), &[], &[]);
        assert_eq!(readings[0].problem, Some(FindingCode::CounterReset));
    }

    #[test]
    fn a_hole_in_the_power_samples_limits_the_energy() {
        let power = || sensor("power", "gpu", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let whole = (0..=40).map(|tick| (tick * 50, 200.0));
        assert_eq!(energy(&record(vec![(power(), whole.clone().collect())]), window(0, 2_000)).validity(), &Validity::Ok);
        let holed = whole.filter(|&(millis, _)| !(500..1_500).contains(&millis)).collect();
        let limited = read_energy(&record(vec![(power(), holed)]), window(0, 2_000), &[], &[]);
        assert_eq!((limited[0].energy.validity().as_str(), limited[0].problem), ("limited", Some(FindingCode::SensorLost)));
    }

    #[test]
    fn one_missing_board_makes_the_sum_missing_not_smaller() {
        let counter = |device| sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
        let record = record(vec![(counter("gpu-0"), vec![(0, 0.0), (1_000, 250.0)]), (counter("gpu-1"), vec![])]);
        assert_eq!(energy(&record, window(0, 1_000)).value(), None);
    }

    fn estimate() -> SensorDescriptor {
        let model = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
        SensorDescriptor {
            gain: Gain { half_width: 0.5, source: "table".into() },
            ..sensor("busy-time", "cpu", SensorKind::BusyTime(model), Boundary::CpuPackage)
        }
    }

    #[test]
    fn the_processor_estimate_is_idle_plus_busy_share() {
        // Two of four threads busy for 2 s: 4 × 1 W × 2 s + 2 W × 4 thread-seconds = 16 J.
        let record = record(vec![(estimate(), vec![(0, 10.0), (2_000, 14.0)])]);
        let energy = energy(&record, window(0, 2_000));
        assert_eq!((energy.value(), energy.grade()), (Some(Joules::new(16.0)), Grade::Estimated));
        assert!((energy.uncertainty().expect("stated").systematic - 8.0 / 3.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn the_processor_estimate_refuses_short_windows_and_phases() {
        let record = record(vec![(estimate(), vec![(0, 10.0), (2_000, 14.0)])]);
        let readings = read_energy(&record, window(0, 900), &[window(0, 2_000)], &[]);
        assert_eq!((readings[0].energy.value(), readings[0].prefill.value()), (None, None));
        assert_eq!(readings[0].energy.grade(), Grade::Unavailable);
    }

    #[test]
    fn phases_need_four_sensor_periods() {
        let power = sensor("power", "gpu", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
        let record = record(vec![(power, (0..=40).map(|tick| (tick * 50, 200.0)).collect())]);
        let readings = read_energy(&record, window(0, 2_000), &[window(0, 150)], &[window(200, 1_000), window(1_100, 2_000)]);
        assert_eq!(readings[0].prefill.value(), None);
        assert!((readings[0].decode.value().expect("long enough").get() - 340.0).abs() < 1e-9);
    }

    #[test]
    fn an_averaged_sensor_is_shifted_by_half_its_window() {
        // Power steps from 0 to 100 W at 1 s; a 1 s trailing mean ramps from 1 s to 2 s.
        let averaged = sensor("average", "gpu", SensorKind::Power(PowerMeaning::Averaged(Duration::from_secs(1))), Boundary::GpuBoard);
        let points = (0..=60u64)
            .map(|tick| {
                let millis = tick * 100;
                #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
                let mean = ((millis as f64 - 1_000.0) / 1_000.0).clamp(0.0, 1.0) * 100.0;
                (millis, mean)
            })
            .collect();
        let energy = energy(&record(vec![(averaged, points)]), window(0, 5_000));
        assert!((energy.value().expect("covered").get() - 400.0).abs() < 1.0, "{energy:?}");
    }
}
