//! Idle levels from records, and whether a kept one still holds.

use lem_domain::derive::{EnergyReading, read_energy};
use lem_domain::idle::{IdleLevel, IdleWindow};
use lem_domain::sensor::SensorRecord;
use lem_domain::units::Watts;
use lem_domain::{Finding, FindingCode, Severity, TimeWindow, Uncertainty, Validity};
use std::time::{Duration, SystemTime};

/// A level is not looked at after this: rooms warm up, drivers and services change.
const MAX_AGE: Duration = Duration::from_secs(24 * 3_600);

/// A check may differ from a kept level by this share of it, whatever the uncertainties say.
const TOLERANCE: f64 = 0.02;
/// What a check says of kept levels.
pub(super) enum Comparison {
    /// These hold still.
    Unchanged(Vec<IdleLevel>),
    /// At least one does not.
    Drifted(Finding),
    /// A sensor has no kept level, or gave no sound reading.
    Impossible,
}

/// The levels of an idle window: mean power by each energy sensor that gave a sound reading.
pub(super) fn seen(meter: &SensorRecord, idle: IdleWindow, at: SystemTime) -> Vec<IdleLevel> {
    powers(meter, idle.window)
        .map(|seen| IdleLevel {
            device: seen.reading.device,
            sensor: seen.reading.sensor,
            state: idle.state,
            power: seen.power,
            random_w: seen.random_w,
            at,
        })
        .collect()
}

/// The levels of a state that are young enough.
pub(super) fn young(levels: &[IdleLevel], of_state: impl Fn(&IdleLevel) -> bool, now: SystemTime) -> Vec<IdleLevel> {
    // A level from the future says that the clock was set; its age is unknown.
    let is_young = |level: &&IdleLevel| now.duration_since(level.at).is_ok_and(|age| age <= MAX_AGE);
    levels.iter().filter(|level| of_state(level)).filter(is_young).cloned().collect()
}

/// Holds the kept levels to what a check saw. Every energy sensor must have both, or nothing is kept: a figure for the
/// one sensor and none for the other would be no baseline.
pub(super) fn compare(kept: &[IdleLevel], check: &SensorRecord, window: TimeWindow) -> Comparison {
    let n_sensors = check.sensors.iter().filter(|sensor| sensor.tells_energy()).count();
    let pairs: Vec<(&IdleLevel, SeenPower)> = powers(check, window)
        .filter_map(|seen| {
            let of_sensor = kept.iter().filter(|level| level.device == seen.reading.device && level.sensor == seen.reading.sensor);
            Some((of_sensor.max_by_key(|level| level.at)?, seen))
        })
        .collect();
    if pairs.is_empty() || pairs.len() < n_sensors {
        return Comparison::Impossible;
    }
    let drifted: Vec<String> = pairs.iter().filter(|(kept, seen)| has_drifted(kept, seen)).map(|(kept, seen)| drift(kept, seen)).collect();
    if drifted.is_empty() {
        return Comparison::Unchanged(pairs.into_iter().map(|(kept, _)| kept.clone()).collect());
    }
    let state = pairs[0].0.state;
    let message = format!("idle power ({state}) is no longer what an earlier run found, so it was watched anew: {}", drifted.join("; "));
    Comparison::Drifted(Finding::new(FindingCode::IdleDrifted, Severity::Info, message))
}

/// `levels` with those of the same device, sensor and state taken from `fresh`.
pub(super) fn replace(mut levels: Vec<IdleLevel>, fresh: Vec<IdleLevel>) -> Vec<IdleLevel> {
    let same = |a: &IdleLevel, b: &IdleLevel| a.device == b.device && a.sensor == b.sensor && a.state == b.state;
    levels.retain(|level| !fresh.iter().any(|newer| same(level, newer)));
    levels.extend(fresh);
    levels
}

/// Mean power by one sensor.
struct SeenPower {
    reading: EnergyReading,
    power: Watts,
    /// Standard uncertainty of the random part, in watts.
    random_w: f64,
}

fn powers(meter: &SensorRecord, window: TimeWindow) -> impl Iterator<Item = SeenPower> {
    let span = window.span();
    read_energy(meter, window, &[], &[]).into_iter().filter_map(move |reading| {
        let sound = *reading.energy.validity() == Validity::Ok;
        let power = reading.energy.value().filter(|_| sound)?.over(span)?;
        let random_w = reading.energy.uncertainty()?.random / span.get();
        Some(SeenPower { reading, power, random_w })
    })
}

fn has_drifted(kept: &IdleLevel, seen: &SeenPower) -> bool {
    let allowed_w = (TOLERANCE * kept.power.get().abs()).max(Uncertainty::COVERAGE_FACTOR * kept.random_w.hypot(seen.random_w));
    (seen.power - kept.power).get().abs() > allowed_w
}

fn drift(kept: &IdleLevel, seen: &SeenPower) -> String {
    format!(
        "{} by `{}` {:.1} ± {:.1} W, before {:.1} ± {:.1} W",
        seen.reading.device_name,
        seen.reading.sensor,
        seen.power.get(),
        Uncertainty::COVERAGE_FACTOR * seen.random_w,
        kept.power.get(),
        Uncertainty::COVERAGE_FACTOR * kept.random_w
    )
}
