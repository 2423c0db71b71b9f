//! Samples of sensors, held to what can be true.

use super::{Problems, ReasonCode};
use lem_domain::TimeWindow;
use lem_domain::record::RunRecord;
use lem_domain::sensor::{Gauge, SensorDescriptor, SensorKind, SensorSample, Stamp, ThreadPower};

/// More than any board, socket or node of one host draws, in watts.
const MOST_POWER_W: f64 = 100_000.0;

/// Ticks beyond those missed that a sensor may be silent: reads walk through the phases of an update and share wake-ups.
const TICKS_OF_SILENCE: f64 = 8.0;

/// The host of one cycle.
pub(super) fn check(place: &str, cycle: &RunRecord, problems: &mut Problems) {
    let meter = &cycle.host.meter;
    let mut by_sensor: Vec<Vec<&SensorSample>> = vec![Vec::new(); meter.sensors.len()];
    let mut unknown = 0_u64;
    for sample in &meter.samples {
        match by_sensor.get_mut(usize::from(sample.sensor.0)) {
            Some(samples) => samples.push(sample),
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        problems.add(ReasonCode::SampleUnknownSensor, place, format!("{unknown} samples of sensors that are not in the record"));
    }
    let window = cycle.processes.iter().filter_map(|process| process.window).reduce(TimeWindow::hull);
    for (sensor, samples) in meter.sensors.iter().zip(&by_sensor) {
        let place = format!("{place}, {} of {}", sensor.name, sensor.device);
        if samples.windows(2).any(|pair| pair[1].at < pair[0].at) {
            problems.add(ReasonCode::SamplesOutOfOrder, &place, "its samples go back in time");
        }
        if let Some(value) = samples.iter().map(|sample| sample.value).find(|&value| !is_plausible(sensor, value)) {
            problems.add(ReasonCode::SampleImplausible, &place, format!("a sample of {value}"));
        }
        changes(&place, sensor, samples, problems);
        if let Some(window) = window {
            silence(&place, sensor, samples, window, meter.cost.missed_ticks, problems);
        }
    }
    let overlaps = |idle: &TimeWindow| window.is_some_and(|window| idle.start < window.end && window.start < idle.end);
    if cycle.host.idle.iter().any(|idle| overlaps(&idle.window)) {
        problems.add(ReasonCode::IdleInWindow, place, "an idle state was watched while the window was open");
    }
}

fn is_plausible(sensor: &SensorDescriptor, value: f64) -> bool {
    match sensor.kind {
        SensorKind::EnergyCounter(_) | SensorKind::BusyTime(_) => value >= 0.0,
        SensorKind::Power(_) => (-MOST_POWER_W..=MOST_POWER_W).contains(&value),
        SensorKind::Gauge(Gauge::Temperature) => (-60.0..=200.0).contains(&value),
        SensorKind::Gauge(Gauge::Share) => (0.0..=1.0 + 1e-9).contains(&value),
        SensorKind::Gauge(Gauge::Frequency | Gauge::PowerLimit | Gauge::ThrottleReasons) => value >= 0.0,
    }
}

/// How fast a growing value may grow.
fn changes(place: &str, sensor: &SensorDescriptor, samples: &[&SensorSample], problems: &mut Problems) {
    let grows = |most_per_s: f64, slack: f64| {
        samples.windows(2).any(|pair| pair[1].value - pair[0].value > most_per_s * pair[1].at.since(pair[0].at).get() + slack)
    };
    match sensor.kind {
        SensorKind::EnergyCounter(_) => {
            // What was counted in one update period shows at once.
            let slack = MOST_POWER_W * sensor.update_period.as_secs_f64() + sensor.resolution;
            if grows(MOST_POWER_W, slack) {
                problems.add(ReasonCode::SampleImplausible, place, "the counter grew faster than any machine draws");
            }
        }
        SensorKind::BusyTime(ThreadPower { threads, .. }) => {
            // Busy time is counted in jiffies of each thread, and read a moment before or after its stamp.
            const JIFFIES_S: f64 = 0.05;
            let threads = f64::from(threads);
            if grows(1.05 * threads, JIFFIES_S * threads) {
                problems.add(ReasonCode::BusyImpossible, place, format!("more than {threads} threads could be busy"));
            }
        }
        SensorKind::Power(_) | SensorKind::Gauge(_) => {}
    }
}

fn silence(
    place: &str,
    sensor: &SensorDescriptor,
    samples: &[&SensorSample],
    window: TimeWindow,
    missed_ticks: u64,
    problems: &mut Problems,
) {
    // A device that stamps its own values says nothing new while nothing is new.
    if !sensor.tells_energy() || sensor.stamp == Stamp::Device || sensor.interval.is_zero() {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "ticks of one session")]
    let longest = (TICKS_OF_SILENCE + missed_ticks as f64) * sensor.interval.max(sensor.update_period).as_secs_f64();
    let inside = |pair: &&[&SensorSample]| pair[0].at < window.end && window.start < pair[1].at;
    let silent = samples.windows(2).filter(inside).map(|pair| pair[1].at.since(pair[0].at).get()).fold(0.0, f64::max);
    if silent > longest {
        problems.add(
            ReasonCode::SamplesRemoved,
            place,
            format!("it was silent for {silent:.3} s within the window, and the sampler missed {missed_ticks} ticks"),
        );
    }
}
