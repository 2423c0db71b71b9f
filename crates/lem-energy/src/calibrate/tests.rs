//! Sensors of known properties, calibrated: what is found holds the truth as often as its intervals say.

mod drive;
mod scene;

use super::{Label, analyse};
use crate::virtual_hardware::{Fault, SensorModel};
use lem_domain::profile::{Found, SensorProfile};
use scene::{Scene, Truth, at_least, millis};
use std::time::SystemTime;

/// Runs per sensor.
const RUNS: u64 = 40;
const FIRST_SEED: u64 = 1_000;

fn profile(scene: &Scene) -> SensorProfile {
    let label = Label { at: SystemTime::UNIX_EPOCH, tool_version: "0".to_owned(), load: None };
    let mut profiles = analyse(&scene.recorded, std::slice::from_ref(&scene.device), &label);
    profiles.remove(0).sensors.remove(scene.of_interest)
}

/// Whether a figure was found, holds the truth, and is at most so wide.
fn holds<T: Copy>(found: &Found<T>, truth: f64, widest: f64, unit: fn(T) -> f64) -> Result<(), String> {
    match found {
        Found::Unknown(reason) => Err(reason.clone()),
        Found::Value { value, half_width } => {
            let (value, half_width) = (unit(*value), unit(*half_width));
            if half_width > widest {
                return Err(format!("{value} ± {half_width} is wider than {widest}"));
            }
            // What is exact is so to within rounding.
            let is_held = (value - truth).abs() <= half_width + 1e-9 * truth.abs();
            if is_held { Ok(()) } else { Err(format!("{value} ± {half_width} misses {truth}")) }
        }
    }
}

/// Holds every figure of many runs against the truth.
fn check(what: &str, scene: impl Fn(u64) -> (Scene, Truth)) {
    let mut misses: Vec<(&str, Vec<String>)> = Vec::new();
    let mut note = |figure, seed: u64, outcome: Result<(), String>| {
        if !misses.iter().any(|(known, _)| *known == figure) {
            misses.push((figure, Vec::new()));
        }
        let of_figure = &mut misses.iter_mut().find(|(known, _)| *known == figure).expect("noted").1;
        of_figure.extend(outcome.err().map(|why| format!("seed {seed}: {why}")));
    };
    for seed in FIRST_SEED..FIRST_SEED + RUNS {
        let (scene, truth) = scene(seed);
        let found = profile(&scene);
        let seconds = |duration: std::time::Duration| duration.as_secs_f64();
        if let Some((period, widest)) = truth.period {
            note("period", seed, holds(&found.update_period, period, widest, seconds));
        }
        if let Some((window, widest)) = truth.window {
            note("window", seed, holds(&found.averaging_window, window, widest, seconds));
        }
        if let Some((lag, widest)) = truth.lag {
            note("lag", seed, holds(&found.lag, lag, widest, seconds));
        }
        if let Some(step) = truth.resolution {
            note("resolution", seed, holds(&found.resolution, step, 0.01 * step, |step| step));
        }
        if let Some((ratio, widest)) = truth.ratio {
            note("ratio", seed, holds(&found.counter_ratio, ratio, widest, |ratio| ratio));
        }
        note("idle", seed, holds(&found.idle[0].1, truth.idle_w, 3.0, lem_domain::units::Watts::get));
    }
    let bad: Vec<String> = misses
        .iter()
        .filter(|(_, misses)| misses.len() as u64 > RUNS - at_least(RUNS))
        .map(|(figure, misses)| format!("{figure}: {} of {RUNS} missed: {}", misses.len(), misses.join("; ")))
        .collect();
    assert!(bad.is_empty(), "{what}:\n{}", bad.join("\n"));
}

#[test]
fn a_power_at_an_instant() {
    check("instant power every 20 ms", |seed| scene::power(seed, millis(0), Some(millis(20)), 1e-3));
}

#[test]
fn a_mean_over_a_second() {
    check("mean over 1 s every 100 ms", |seed| scene::power(seed, millis(1_000), Some(millis(100)), 1e-3));
}

#[test]
fn a_mean_over_a_quarter_of_the_time() {
    check("mean over 25 ms every 100 ms", |seed| scene::power(seed, millis(25), Some(millis(100)), 1e-3));
}

#[test]
fn a_power_in_whole_watts() {
    check("whole watts, mean over 100 ms every 100 ms", |seed| scene::power(seed, millis(100), Some(millis(100)), 1.0));
}

#[test]
fn a_stamped_power() {
    check("stamped mean over 1 s every 100 ms", |seed| scene::stamped(scene::power(seed, millis(1_000), Some(millis(100)), 1e-3)));
}

#[test]
fn a_counter_that_ticks_with_jitter() {
    check("counter every 100 ms", |seed| scene::counter(seed, millis(100), 1e-3));
}

#[test]
fn a_counter_that_ticks_each_millisecond() {
    check("RAPL every 1 ms", |seed| scene::counter(seed, millis(1), 1.0 / 16_384.0));
}

#[test]
fn a_continuous_power_has_a_lag_and_no_period() {
    check("continuous mean over 100 ms", |seed| scene::power(seed, millis(100), None, 1e-3));
    for seed in 0..5 {
        let found = profile(&scene::power(seed, millis(100), None, 1e-3).0);
        assert!(matches!(&found.update_period, Found::Unknown(reason) if reason.contains("nearly every read")), "{found:?}");
    }
}

fn reason<T>(found: &Found<T>) -> &str {
    match found {
        Found::Value { .. } => "found",
        Found::Unknown(reason) => reason,
    }
}

#[test]
fn a_stuck_sensor_tells_nothing_but_how_long_a_read_takes() {
    for seed in 0..10 {
        let stuck = |model: SensorModel| model.failing(Fault::StuckFrom(scene::at(0.05)));
        for scene in [
            scene::failing(scene::power(seed, millis(25), Some(millis(100)), 1e-3).0, stuck),
            scene::failing(scene::counter(seed, millis(100), 1e-3).0, stuck),
        ] {
            let found = profile(&scene);
            let reasons = [
                reason(&found.update_period),
                reason(&found.lag),
                reason(&found.averaging_window),
                reason(&found.resolution),
                reason(&found.idle[0].1),
            ];
            assert!(reasons.iter().all(|reason| reason.contains("never changed")), "{reasons:?}");
            assert!(found.read_latency.value().is_some(), "{found:?}");
        }
    }
}

#[test]
fn a_stamped_value_that_stays_the_same_is_not_taken_for_a_stuck_one() {
    let found = profile(&scene::level(scene::stamped(scene::power(7, millis(25), Some(millis(100)), 1e-3)).0, 80.0));
    assert!(found.update_period.value().is_some() && found.idle[0].1.value().is_some(), "{found:?}");
    assert!(reason(&found.lag).contains("stood still"), "{found:?}");
}

#[test]
fn a_sensor_that_fails_gives_reasons() {
    let faults = [(Fault::Missing, "gave no value"), (Fault::ResetAt(scene::at(40.0)), "set back")];
    for (fault, expected) in faults {
        let found = profile(&scene::failing(scene::counter(3, millis(100), 1e-3).0, |model| model.failing(fault)));
        assert!(reason(&found.update_period).contains(expected) && reason(&found.lag).contains(expected), "{found:?}");
    }
}

#[test]
fn a_load_that_does_nothing_is_not_taken_for_a_step() {
    for seed in 0..RUNS {
        for scene in [scene::idle_load(seed, millis(25)), scene::idle_load(seed, millis(1_000))] {
            let found = profile(&scene);
            assert!(reason(&found.lag).contains("did not see the load"), "seed {seed}: {found:?}");
            assert!(reason(&found.averaging_window).contains("did not see the load"), "seed {seed}: {found:?}");
            assert!(reason(&found.counter_ratio).contains("cannot be brought to one time"), "seed {seed}: {found:?}");
            assert!(found.update_period.value().is_some(), "{found:?}");
        }
    }
}

#[test]
fn without_a_load_only_what_needs_none_is_found() {
    for seed in 0..10 {
        let scene = scene::without_load(scene::power(seed, millis(25), Some(millis(100)), 1e-3).0);
        let found = profile(&scene);
        let needs = [reason(&found.lag), reason(&found.averaging_window), reason(&found.counter_ratio)];
        assert!(needs.iter().all(|reason| reason.contains("no load")), "{needs:?}");
        assert!(found.update_period.value().is_some() && found.resolution.value().is_some(), "{found:?}");
        assert!(found.read_latency.value().is_some() && found.idle[0].1.value().is_some(), "{found:?}");
    }
}

#[test]
fn boards_of_one_kind_share_a_profile_that_holds_both() {
    let (first, _) = scene::counter(1, millis(100), 1e-3);
    let (second, _) = scene::counter(2, millis(100), 1e-3);
    let both = scene::beside(first, second);
    let label = Label { at: SystemTime::UNIX_EPOCH, tool_version: "0".to_owned(), load: Some("steps".to_owned()) };
    let alone: Vec<_> = both.1.iter().map(|device| analyse(&both.0, std::slice::from_ref(device), &label).remove(0)).collect();
    let profiles = analyse(&both.0, &both.1, &label);
    assert_eq!((profiles.len(), profiles[0].sensors.len(), profiles[0].load.as_deref()), (1, 2, Some("steps")));
    let Found::Value { value, half_width } = profiles[0].sensors[0].idle[0].1 else { panic!("{profiles:?}") };
    for board in &alone {
        let Found::Value { value: own, half_width: own_half } = board.sensors[0].idle[0].1 else { panic!("{board:?}") };
        let (low, high) = (value.get() - half_width.get(), value.get() + half_width.get());
        assert!(low <= own.get() - own_half.get() + 1e-9 && high >= own.get() + own_half.get() - 1e-9, "{own:?} in {low}..{high}");
    }
}
