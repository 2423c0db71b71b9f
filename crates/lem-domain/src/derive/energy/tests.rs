//! What is read of whole records.

use super::*;
use crate::derive::fixture::{NEVER_WRAPS, record, sensor, window};
use crate::sensor::{Gain, PowerMeaning, SensorDescriptor, ThreadPower};
use crate::units::Watts;
use std::time::Duration;

fn energy(record: &SensorRecord, window: TimeWindow) -> Quantity<Joules> {
    headline(&read_energy(record, window, &[], &[]), |reading| &reading.energy)
}

#[test]
fn a_counter_gives_its_difference_and_its_gain_as_systematic() {
    let counter = sensor("energy", "gpu", SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard);
    let record = record(vec![(counter, vec![(0, 100.0), (2_000, 600.0)])]);
    let energy = energy(&record, window(0, 2_000));
    assert_eq!((energy.value(), energy.grade(), energy.boundary()), (Some(Joules::new(500.0)), Grade::Measured, Some(Boundary::GpuBoard)));
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
    // And a few per cent more, because a period is never known exactly.
    let ideal = 0.1 * 300.0 / 6.0_f64.sqrt();
    assert!((1.0..1.05).contains(&(uncertainty.random / ideal)), "{uncertainty:?}");
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

/// Power of 100 W and 300 W by turns of a second, every 50 ms, that is silent for a time.
fn with_a_hole(from_ms: u64, to_ms: u64) -> SensorRecord {
    let power = SensorDescriptor {
        interval: Duration::from_millis(50),
        ..sensor("power", "gpu", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard)
    };
    let watts = |millis: u64| if (millis / 1_000).is_multiple_of(2) { 100.0 } else { 300.0 };
    let points = (0..200).map(|read| read * 50).filter(|millis| *millis <= from_ms || *millis >= to_ms);
    record(vec![(power, points.map(|millis| (millis, watts(millis))).collect())])
}

#[test]
fn what_was_not_seen_widens_an_energy_and_limits_it_in_a_phase_as_well() {
    let (whole, decode) = (window(1_000, 9_000), [window(2_000, 8_000)]);
    let read = |record: &SensorRecord| read_energy(record, whole, &[], &decode).remove(0);
    let (seen, unseen) = (read(&with_a_hole(0, 0)), read(&with_a_hole(4_100, 4_900)));
    assert_eq!((seen.problem, unseen.problem), (None, Some(FindingCode::SensorLost)));
    assert_eq!((seen.decode.validity().as_str(), unseen.decode.validity().as_str()), ("ok", "limited"));
    let random = |energy: &Quantity<Joules>| energy.uncertainty().expect("stated").random;
    // Nothing stepped in the hole, but 200 W might have, for 0.8 s.
    let hole = Uncertainty::rectangular(0.5 * 200.0 * 0.8);
    for (seen, unseen) in [(&seen.energy, &unseen.energy), (&seen.decode, &unseen.decode)] {
        assert!(random(unseen) >= hole && random(unseen) <= hole.hypot(1.2 * random(seen)), "{} and {}", random(seen), random(unseen));
    }
}

#[test]
fn an_energy_that_is_less_precise_than_asked_for_says_how_long_a_window_would_do() {
    let slow = |kind| SensorDescriptor { update_period: Duration::from_millis(100), ..sensor("energy", "gpu", kind, Boundary::GpuBoard) };
    let points = (0u32..=100).map(|tick| (u64::from(tick) * 100, f64::from(tick) * 30.0)).collect();
    let readings = read_energy(&record(vec![(slow(SensorKind::EnergyCounter(NEVER_WRAPS)), points)]), window(1_000, 3_000), &[], &[]);
    let judged = |asked| precise_enough(readings[0].energy.clone(), &[&readings[0]], Some(asked), window(1_000, 3_000).span());
    assert_eq!(judged(0.05).validity().as_str(), "ok");
    let reason = judged(0.005).validity().reason().expect("limited").to_owned();
    let needed_s: f64 =
        reason.split("a window of about ").nth(1).and_then(|rest| rest.split(' ').next()).expect(&reason).parse().expect("a length");
    let longer = read_energy(
        &record(vec![(
            slow(SensorKind::EnergyCounter(NEVER_WRAPS)),
            (0u32..=400).map(|tick| (u64::from(tick) * 100, f64::from(tick) * 30.0)).collect(),
        )]),
        TimeWindow { start: window(1_000, 1_000).start, end: window(1_000, 1_000).start.after(Duration::from_secs_f64(needed_s * 1.01)) },
        &[],
        &[],
    );
    let energy = &longer[0].energy;
    let reached = energy.uncertainty().expect("stated").random_half_width_95() / energy.value().expect("read").get();
    assert!((0.004..=0.006).contains(&reached), "{reached} after {needed_s} s");
}
