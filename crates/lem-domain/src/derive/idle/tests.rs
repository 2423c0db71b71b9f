//! Idle power and marginal energy against closed forms.

use super::super::fixture::{NEVER_WRAPS, record, sensor, window};
use super::*;
use crate::idle::IdleWindow;
use crate::quantity::Grade;
use crate::sensor::{Gain, PowerMeaning, SensorKind, ThreadPower};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

/// What is loaded in the one idle window of [`host`].
const STATE: IdleState = IdleState::ModelLoaded;

fn counter(device: &str) -> SensorDescriptor {
    sensor("energy", device, SensorKind::EnergyCounter(NEVER_WRAPS), Boundary::GpuBoard)
}

/// Counters that run at an idle power from 0 to 4 s and at another power from 4 to 10 s; the state was watched from 1 to 3 s.
fn host(boards: &[(&str, f64, f64)]) -> HostRecord {
    let meter = boards.iter().map(|&(device, idle_w, busy_w)| {
        let energy = |tick: u32| if tick <= 40 { idle_w * f64::from(tick) } else { idle_w * 40.0 + busy_w * f64::from(tick - 40) };
        (counter(device), (0..=100).map(|tick| (u64::from(tick) * 100, 0.1 * energy(tick))).collect())
    });
    HostRecord {
        meter: record(meter.collect()),
        idle: vec![IdleWindow { state: STATE, window: window(1_000, 3_000) }],
        ..HostRecord::default()
    }
}

fn level(device: &str, power_w: f64) -> IdleLevel {
    IdleLevel {
        device: DeviceId::new(device),
        sensor: "energy".into(),
        state: STATE,
        power: Watts::new(power_w),
        random_w: 0.25,
        at: SystemTime::UNIX_EPOCH,
    }
}

/// Marginal energy of the window from 5 to 9 s, over 8 output tokens.
fn marginal_of(host: &HostRecord) -> Vec<MarginalEnergy> {
    let window = window(5_000, 9_000);
    let readings = read_energy(&host.meter, window, &[], &[]);
    let total = headline(&readings, |reading| &reading.energy);
    marginal(&Gross { total: &total, readings: &readings, span: window.span(), output: Tokens::new(8) }, &idle_readings(host))
}

fn joules(marginal: &MarginalEnergy) -> f64 {
    marginal.energy.value().expect("a value").get()
}

#[test]
fn idle_power_is_energy_over_the_idle_window() {
    let idle = idle_readings(&host(&[("gpu-0", 60.0, 300.0)]));
    assert_eq!((idle.len(), idle[0].state, idle[0].kept, idle[0].boundary), (1, STATE, false, Boundary::GpuBoard));
    assert!((idle[0].power.value().expect("watched").get() - 60.0).abs() < 1e-9);
    assert_eq!(idle[0].power.grade(), Grade::Derived);
}

#[test]
fn marginal_energy_is_what_runs_beyond_idle() {
    let marginal = marginal_of(&host(&[("gpu-0", 60.0, 300.0)]));
    assert_eq!((marginal.len(), marginal[0].state), (1, STATE));
    assert!((joules(&marginal[0]) - 4.0 * 240.0).abs() < 1e-9);
    assert!((marginal[0].per_output_token.value().expect("tokens").get() - 120.0).abs() < 1e-9);
    assert_eq!((marginal[0].energy.grade(), marginal[0].energy.boundary()), (Grade::Derived, Some(Boundary::GpuBoard)));
}

#[test]
fn a_window_below_idle_keeps_its_sign() {
    let marginal = marginal_of(&host(&[("gpu-0", 60.0, 50.0)]));
    assert!((joules(&marginal[0]) + 40.0).abs() < 1e-9);
    assert!(marginal[0].per_output_token.value().expect("tokens").get() < 0.0);
}

#[test]
fn the_gain_weighs_on_the_difference_alone() {
    let relative = 0.1 / 3.0_f64.sqrt();
    let marginal = marginal_of(&host(&[("gpu-0", 60.0, 300.0)]));
    let uncertainty = marginal[0].energy.uncertainty().expect("stated");
    assert!((uncertainty.systematic - relative * 960.0).abs() < 1e-9, "{uncertainty:?}");
    // Nothing beyond idle: a wrong gain makes nothing of it.
    let nothing = marginal_of(&host(&[("gpu-0", 60.0, 60.0)]));
    assert!(nothing[0].energy.uncertainty().expect("stated").systematic < 1e-9);
}

#[test]
fn across_boards_gains_do_not_cancel() {
    // One board gains what the other loses; each gain still weighs on its own part.
    let marginal = marginal_of(&host(&[("gpu-0", 60.0, 70.0), ("gpu-1", 60.0, 50.0)]));
    assert!(joules(&marginal[0]).abs() < 1e-9);
    let uncertainty = marginal[0].energy.uncertainty().expect("stated");
    assert!((uncertainty.systematic - 0.1 / 3.0_f64.sqrt() * 80.0).abs() < 1e-9, "{uncertainty:?}");
}

#[test]
fn random_parts_of_both_terms_add_in_quadrature() {
    let mut host = host(&[("gpu-0", 60.0, 300.0)]);
    host.idle.clear();
    host.kept_idle = vec![level("gpu-0", 60.0)];
    let gross = read_energy(&host.meter, window(5_000, 9_000), &[], &[])[0].energy.uncertainty().expect("stated");
    let found = marginal_of(&host)[0].energy.uncertainty().expect("stated");
    assert!((found.random - gross.random.hypot(0.25 * 4.0)).abs() < 1e-9, "{found:?}");
}

#[test]
fn a_kept_level_has_the_gain_of_its_sensor_and_yields_to_one_that_was_watched() {
    let mut host = host(&[("gpu-0", 60.0, 300.0)]);
    host.kept_idle = vec![level("gpu-0", 80.0), level("another board", 10.0)];
    let idle = idle_readings(&host);
    assert_eq!(idle.iter().map(|reading| reading.kept).collect::<Vec<_>>(), [false, true], "a stranger's level is left out");
    let uncertainty = idle[1].power.uncertainty().expect("stated");
    assert!((uncertainty.systematic - 8.0 / 3.0_f64.sqrt()).abs() < 1e-9 && (uncertainty.random - 0.25).abs() < 1e-12);
    assert!((joules(&marginal_of(&host)[0]) - 960.0).abs() < 1e-9);
    host.idle.clear();
    assert!((joules(&marginal_of(&host)[0]) - 880.0).abs() < 1e-9);
}

#[test]
fn the_very_sensor_of_the_headline_is_subtracted() {
    let mut host = host(&[("gpu-0", 60.0, 300.0)]);
    // A second sensor of the same board that reads 10 % low.
    let power = sensor("power", "gpu-0", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard);
    let points = (0..=100u64).map(|tick| (tick * 100, if tick <= 40 { 54.0 } else { 270.0 })).collect();
    let low = record(vec![(power, points)]);
    host.meter
        .samples
        .extend(low.samples.into_iter().map(|sample| crate::sensor::SensorSample { sensor: crate::sensor::SensorIndex(1), ..sample }));
    host.meter.sensors.extend(low.sensors);
    assert_eq!(idle_readings(&host).len(), 2);
    assert!((joules(&marginal_of(&host)[0]) - 960.0).abs() < 1e-9);
}

#[test]
fn a_board_without_idle_power_leaves_the_difference_out_with_its_reason() {
    let mut host = host(&[("gpu-0", 60.0, 300.0), ("gpu-1", 60.0, 300.0)]);
    host.idle.clear();
    assert_eq!(marginal_of(&host), []);
    host.kept_idle = vec![level("gpu-0", 60.0)];
    let marginal = marginal_of(&host);
    assert_eq!(marginal[0].energy.value(), None);
    assert!(marginal[0].energy.absence().is_some_and(|reason| reason.contains("board gpu-1")), "{marginal:?}");
    assert_eq!(marginal[0].per_output_token.value(), None);
}

#[test]
fn an_idle_window_that_was_not_sampled_says_so() {
    let mut host = host(&[("gpu-0", 60.0, 300.0)]);
    host.idle[0].window = window(9_000, 12_000);
    let idle = idle_readings(&host);
    assert_eq!((idle[0].power.value(), idle[0].power.absence().is_some()), (None, true));
    assert_eq!(marginal_of(&host)[0].energy.value(), None);
}

#[test]
fn an_estimate_minus_an_estimate_is_an_estimate() {
    let model = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
    let busy = SensorDescriptor {
        gain: Gain { half_width: 0.5, source: "table".into() },
        ..sensor("busy-time", "cpu", SensorKind::BusyTime(model), Boundary::Host)
    };
    // Idle until 4 s, then two of four threads busy.
    let points = (0..=100u32).map(|tick| (u64::from(tick) * 100, 0.2 * f64::from(tick.saturating_sub(40)))).collect();
    let idle = vec![IdleWindow { state: IdleState::HostIdle, window: window(1_000, 3_000) }];
    let host = HostRecord { meter: record(vec![(busy, points)]), idle, ..HostRecord::default() };
    let marginal = marginal_of(&host);
    assert!((joules(&marginal[0]) - 2.0 * 2.0 * 4.0).abs() < 1e-9);
    assert_eq!(marginal[0].energy.grade(), Grade::Estimated);
}

#[test]
fn gauges_have_no_idle_power() {
    let mut host = host(&[("gpu-0", 60.0, 300.0)]);
    let gauge = sensor("temperature", "gpu-0", SensorKind::Gauge(crate::sensor::Gauge::Temperature), Boundary::GpuBoard);
    host.meter.sensors.push(SensorDescriptor { interval: Duration::from_secs(1), ..gauge });
    assert_eq!(idle_readings(&host).len(), 1);
}

proptest! {
    #[test]
    fn marginal_energies_of_two_states_differ_by_the_difference_of_their_powers(
        idle_w in 1.0..200.0f64, kept_w in 1.0..200.0f64, busy_w in 0.0..700.0f64,
    ) {
        let mut host = host(&[("gpu-0", idle_w, busy_w)]);
        host.kept_idle = vec![IdleLevel { state: IdleState::DriverOnly, ..level("gpu-0", kept_w) }];
        let marginal = marginal_of(&host);
        prop_assert_eq!(marginal.iter().map(|part| part.state).collect::<Vec<_>>(), [IdleState::DriverOnly, STATE]);
        let apart = joules(&marginal[0]) - joules(&marginal[1]);
        prop_assert!((apart - 4.0 * (idle_w - kept_w)).abs() < 1e-6);
    }
}
