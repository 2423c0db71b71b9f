//! Idle levels between runs.

use crate::lab::{FakeMeter, Lab, Left};
use lem_domain::FindingCode;
use lem_domain::idle::IdleState;
use lem_domain::sensor::{Gauge, PowerMeaning, SensorKind, ThreadPower};
use lem_domain::units::Watts;
use lem_orchestration::Ending;
use std::time::Duration;

const STATES: [IdleState; 3] = [IdleState::DriverOnly, IdleState::ContextHeld, IdleState::ModelLoaded];

/// A laboratory in which one run has left its levels.
fn after_one_run() -> Lab {
    let lab = Lab::new();
    check(&lab.run(), &STATES, &[]);
    lab
}

/// Which states were watched in full and which were taken over.
fn check(left: &Left, watched: &[IdleState], kept: &[IdleState]) {
    assert_eq!(left.ending.as_ref().unwrap(), &Ending::Measured);
    let states: Vec<_> = left.host().idle.iter().map(|idle| idle.state).collect();
    assert_eq!(states, watched, "watched");
    let states: Vec<_> = left.host().kept_idle.iter().map(|level| level.state).collect();
    assert_eq!(states, kept, "kept");
}

#[test]
fn what_was_found_is_kept_as_mean_power() {
    let levels = after_one_run().levels();
    assert_eq!(levels.iter().map(|level| level.state).collect::<Vec<_>>(), STATES);
    for level in levels {
        assert_eq!((level.device.as_str(), level.sensor.as_str()), ("GPU-1234", "total-energy"));
        assert!((level.power.get() - 100.0).abs() < 1e-6 && level.random_w < 0.01, "{level:?}");
    }
}

#[test]
fn unchanged_levels_are_used_after_a_short_check_in_a_session_of_its_own() {
    let mut lab = after_one_run();
    let levels = lab.levels();
    // Within two per cent.
    lab.meter.watts = 101.5;
    let left = lab.run();
    check(&left, &[], &STATES);
    assert_eq!(left.host().kept_idle, levels);
    assert_eq!(lab.levels(), levels, "a level keeps the time at which it was found");
    assert_eq!(left.messages(FindingCode::IdleDrifted).len(), 0);
    let expected = [
        (0, "load levels"),
        // The first check, a margin before and after its second, and only then the session of the run.
        (0, "start"),
        (1_000, "edge"),
        (2_000, "edge"),
        (3_000, "stop"),
        (3_000, "start"),
        (3_000, "hold"),
        (3_000, "start"),
        (4_000, "edge"),
        (5_000, "edge"),
        (6_000, "stop"),
        (6_000, "load"),
    ];
    assert_eq!(left.journal[..expected.len()], expected);
}

#[test]
fn a_check_takes_no_longer_than_half_of_watching() {
    let mut lab = Lab::new();
    lab.spec.energy.baseline.duration = Duration::from_millis(600);
    lab.run();
    let left = lab.run();
    check(&left, &[], &STATES);
    assert_eq!(left.times_of("edge")[..2], [1_000, 1_300]);
}

#[test]
fn drifted_levels_are_found_watched_anew_and_replaced() {
    let mut lab = after_one_run();
    lab.meter.watts = 110.0;
    let left = lab.run();
    check(&left, &STATES, &[]);
    let messages = left.messages(FindingCode::IdleDrifted);
    assert_eq!(messages.len(), 3);
    assert!(
        messages[0].contains("driver_only") && messages[0].contains("110.0 ±") && messages[0].contains("before 100.0 ±"),
        "{messages:?}"
    );
    let powers: Vec<Watts> = lab.levels().iter().map(|level| level.power).collect();
    assert_eq!(powers.len(), 3, "replaced, not added");
    assert!(powers.iter().all(|power| (power.get() - 110.0).abs() < 1e-6), "{powers:?}");
    check(&lab.run(), &[], &STATES);
}

#[test]
fn a_level_is_used_for_a_day() {
    let lab = after_one_run();
    lab.pass(Duration::from_secs(23 * 3_600));
    check(&lab.run(), &[], &STATES);
    lab.pass(Duration::from_secs(2 * 3_600));
    check(&lab.run(), &STATES, &[]);
}

#[test]
fn every_sensor_needs_its_level() {
    let mut lab = after_one_run();
    lab.meter.sensors.push(("power", FakeMeter::counter()));
    let left = lab.run();
    check(&left, &STATES, &[]);
    assert_eq!(left.messages(FindingCode::IdleDrifted).len(), 0, "what cannot be compared has not drifted");
    assert_eq!(lab.levels().len(), 6);
    check(&lab.run(), &[], &[STATES[0], STATES[0], STATES[1], STATES[1], STATES[2], STATES[2]]);
}

#[test]
fn a_sensor_that_is_gone_takes_its_level_with_it() {
    let mut lab = Lab::new();
    lab.meter.sensors.push(("old", FakeMeter::counter()));
    lab.run();
    lab.meter.sensors.pop();
    check(&lab.run(), &[], &STATES);
}

#[test]
fn the_state_before_the_load_goes_by_the_name_of_the_engine_that_comes() {
    let mut lab = after_one_run();
    lab.device = "cpu";
    check(&lab.run(), &[], &[IdleState::HostIdle, IdleState::ModelLoaded]);
}

#[test]
fn levels_are_neither_read_nor_written_when_they_shall_not_be_kept() {
    let mut lab = after_one_run();
    lab.spec.energy.baseline.keep = false;
    let left = lab.run();
    check(&left, &STATES, &[]);
    assert!(left.times_of("load levels").is_empty() && left.times_of("save levels").is_empty());
}

#[test]
fn a_store_that_cannot_be_read_is_a_finding_and_is_not_written_over() {
    let lab = after_one_run();
    lab.break_store("load levels");
    let left = lab.run();
    check(&left, &STATES, &[]);
    let messages = left.messages(FindingCode::ProfileStoreFailed);
    assert!(messages.len() == 1 && messages[0].contains("cannot use `idle.json`: it is damaged"), "{messages:?}");
    assert_eq!(left.process.as_ref().unwrap().findings[0].hint.as_deref(), Some("delete `idle.json`"));
    assert!(left.times_of("save levels").is_empty());
}

#[test]
fn a_store_that_cannot_be_written_is_a_finding() {
    let lab = Lab::new();
    lab.break_store("save levels");
    let left = lab.run();
    check(&left, &STATES, &[]);
    assert_eq!(left.messages(FindingCode::ProfileStoreFailed).len(), 1);
}

#[test]
fn an_interrupt_during_a_check_stops_at_once() {
    let lab = after_one_run();
    let left = lab.run_stopped_at(1, 15);
    assert_eq!(left.ending.as_ref().unwrap(), &Ending::Cancelled);
    assert!(left.times_of("load").is_empty());
    assert!(left.journal.iter().all(|(at, _)| *at <= 1_500));
}

#[test]
fn power_and_the_estimate_have_levels_as_counters_have_and_gauges_have_none() {
    let mut lab = Lab::new();
    let estimate = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
    lab.meter.sensors = vec![
        ("average", SensorKind::Power(PowerMeaning::Averaged(Duration::from_millis(200)))),
        ("busy-time", SensorKind::BusyTime(estimate)),
        ("temperature", SensorKind::Gauge(Gauge::Temperature)),
    ];
    lab.run();
    let powers: Vec<_> = lab.levels().iter().map(|level| (level.sensor.clone(), level.power.get().round())).collect();
    // Four idle threads and one that is busy all the time: 4 × 1 W + 2 W.
    assert_eq!(powers[..2], [("average".to_owned(), 100.0), ("busy-time".to_owned(), 6.0)]);
    check(&lab.run(), &[], &[STATES[0], STATES[0], STATES[1], STATES[1], STATES[2], STATES[2]]);
}
