//! What holds of every reading whatever the sensor: windows add up, constant power is power times time, and what is flat
//! is not nothing.

use lem_domain::counter::CounterRange;
use lem_domain::derive::{EnergyReading, read_energy};
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorKind, SensorRecord, Stamp, ThreadPower};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::Waveform;
use lem_domain::{Boundary, DeviceId, TimeWindow, Timestamp, Uncertainty};
use lem_energy::virtual_hardware::{Scheduling, SensorModel, Updates, VirtualSensor, record, unit};
use proptest::prelude::*;
use std::time::Duration;

/// Power that a fully busy and an idle thread draw in [`busy_time`].
const THREADS: ThreadPower = ThreadPower { threads: 4, idle: Watts::new(5.0), max: Watts::new(25.0) };

/// So many standard uncertainties off is no chance in the number of cases that are tried.
const CHANCE: f64 = 5.0;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn window(start: f64, end: f64) -> TimeWindow {
    let at = |instant| Timestamp::default().after(seconds(instant));
    TimeWindow { start: at(start), end: at(end) }
}

/// A sensor whose gain is exact, updating with a phase and a jitter of its own; continuous for a period of zero.
fn sensor(name: &str, kind: SensorKind, model: SensorModel, period: f64, resolution: f64, seed: u64) -> VirtualSensor {
    let period = seconds(period);
    let descriptor = SensorDescriptor {
        name: name.to_owned(),
        device: DeviceId::new(name),
        device_name: name.to_owned(),
        kind,
        boundary: Boundary::GpuBoard,
        update_period: period,
        stamp: Stamp::Read,
        interval: Duration::from_millis(50),
        resolution,
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: name.to_owned(),
    };
    let updates = Updates { period, phase: period.mul_f64(unit(seed, 1)), jitter: period.mul_f64(0.004), seed };
    let model = if period.is_zero() { model } else { model.updating(updates) };
    VirtualSensor { descriptor, model: model.rounding(resolution) }
}

fn counter(name: &str, period: f64, resolution: f64, seed: u64) -> VirtualSensor {
    let range = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };
    sensor(name, SensorKind::EnergyCounter(range), SensorModel::counter(Joules::new(1e5)), period, resolution, seed)
}

fn power(name: &str, mean_over: f64, period: f64, seed: u64) -> VirtualSensor {
    let meaning = if mean_over > 0.0 { PowerMeaning::Averaged(seconds(mean_over)) } else { PowerMeaning::Instant };
    sensor(name, SensorKind::Power(meaning), SensorModel::power(seconds(mean_over)), period, Watts::from_milliwatts(1).get(), seed)
}

/// One of each kind that measures.
fn measuring(seed: u64) -> Vec<VirtualSensor> {
    vec![
        counter("board counter", 0.1, Joules::from_millijoules(1).get(), seed),
        counter("processor counter", 0.001, 0.5_f64.powi(14), seed ^ 1),
        counter("exact counter", 0.0, 0.0, seed ^ 2),
        power("power at the instant", 0.0, 0.0, seed ^ 3),
        power("power of a quarter of the time", 0.025, 0.1, seed ^ 4),
        power("mean over a second", 1.0, 0.1, seed ^ 5),
    ]
}

/// What a session over sensors recorded that begins 3 s before a window and ends 3 s after it, on a scheduler that is late
/// at times.
fn session(truth: &Waveform, sensors: &[VirtualSensor], window: TimeWindow, seed: u64) -> SensorRecord {
    let whole = TimeWindow { start: window.start.before(seconds(3.0)), end: window.end.after(seconds(3.0)) };
    // Reads take no time: how well an edge is known that is read in a while is another matter.
    let scheduling = Scheduling { lateness: Duration::from_millis(4), seed, ..Scheduling::default() };
    record(truth, sensors, scheduling, whole, window)
}

fn readings(record: &SensorRecord, window: TimeWindow) -> Vec<EnergyReading> {
    read_energy(record, window, &[], &[])
}

/// In joules, with what is random about it.
fn energy(reading: &EnergyReading) -> (f64, f64) {
    let value = reading.energy.value().unwrap_or_else(|| panic!("{}: {:?}", reading.sensor, reading.energy));
    let Uncertainty { random, .. } = reading.energy.uncertainty().expect("stated");
    (value.get(), random)
}

prop_compose! {
    /// A wave whose levels each last longer than a quarter-time sensor can miss.
    fn any_wave()(high in 200.0..700.0f64, low in 20.0..150.0f64, period in 1.5..4.0f64, duty in 0.3..0.7f64, delay in 0.0..3.0f64)
        -> Waveform {
        Waveform::Pulses { high: Watts::new(high), low: Watts::new(low), period: seconds(period), duty, delay: seconds(delay) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn constant_power_is_power_times_time_and_a_flat_trace_is_not_zero(
        watts in 1.0..700.0f64, start in 4.0..5.0f64, length in 1.0..12.0f64, seed in any::<u64>(),
    ) {
        let window = window(start, start + length);
        let record = session(&Waveform::Flat(Watts::new(watts)), &measuring(seed), window, seed);
        let truth = watts * window.span().get();
        for (reading, descriptor) in readings(&record, window).iter().zip(&record.sensors) {
            let (joules, random) = energy(reading);
            // A counter and a sample of power are off by a step.
            let known = 2.0 * descriptor.resolution * length.max(1.0) + 1e-9 * truth;
            // What updates knows an edge to an update and the distance to a read.
            let updates = if descriptor.update_period.is_zero() { Duration::ZERO } else { descriptor.update_period + descriptor.interval };
            let edges = 2.0 * watts * updates.as_secs_f64();
            prop_assert!(joules > 0.0 && (joules - truth).abs() <= edges + known, "{}: {joules} of {truth} J", reading.sensor);
            prop_assert!((joules - truth).abs() <= CHANCE * random + known, "{}: {joules} ± {random} of {truth} J", reading.sensor);
        }
    }

    #[test]
    fn a_processor_that_is_constantly_busy_is_power_times_time(
        busy in 0.1..4.0f64, start in 4.0..5.0f64, length in 1.0..12.0f64, seed in any::<u64>(),
    ) {
        let window = window(start, start + length);
        let model = SensorModel::counter(Joules::new(1e4));
        let estimate = sensor("busy time", SensorKind::BusyTime(THREADS), model, 0.0, 0.0, seed);
        let record = session(&Waveform::Flat(Watts::new(busy)), &[estimate], window, seed);
        let watts = THREADS.idle.get() * 4.0 + (THREADS.max - THREADS.idle).get() * busy;
        let truth = watts * window.span().get();
        let (joules, _) = energy(&readings(&record, window)[0]);
        prop_assert!((joules - truth).abs() <= 1e-9 * truth, "{joules} of {truth} J");
    }

    /// A split shares the edge between its parts: what is not known of that edge, one part has more and the other less.
    #[test]
    fn splitting_a_window_adds_up(
        wave in any_wave(), start in 4.0..5.0f64, first in 3.1..8.0f64, second in 3.1..8.0f64, seed in any::<u64>(),
    ) {
        let (whole, middle) = (window(start, start + first + second), start + first);
        let record = session(&wave, &measuring(seed), whole, seed);
        let parts = [readings(&record, window(start, middle)), readings(&record, window(middle, start + first + second))];
        for (position, reading) in readings(&record, whole).iter().enumerate() {
            let (whole, ..) = energy(reading);
            let sum = energy(&parts[0][position]).0 + energy(&parts[1][position]).0;
            prop_assert!((whole - sum).abs() <= 1e-6 * whole, "{}: {whole} J whole, {sum} J in parts", reading.sensor);
        }
    }

    /// Short windows know of the sensor's period only what lies around them, so their edges are found anew.
    #[test]
    fn splitting_a_short_window_adds_up_within_what_is_stated(
        wave in any_wave(), start in 4.0..5.0f64, first in 0.6..3.0f64, second in 0.6..3.0f64, seed in any::<u64>(),
    ) {
        let (whole, middle) = (window(start, start + first + second), start + first);
        let record = session(&wave, &measuring(seed), whole, seed);
        let parts = [readings(&record, window(start, middle)), readings(&record, window(middle, start + first + second))];
        for (position, reading) in readings(&record, whole).iter().enumerate() {
            let [(whole, random), first, second] = [energy(reading), energy(&parts[0][position]), energy(&parts[1][position])];
            let stated = (random.powi(2) + first.1.powi(2) + second.1.powi(2)).sqrt();
            let sum = first.0 + second.0;
            prop_assert!((whole - sum).abs() <= CHANCE * stated + 1e-6 * whole, "{}: {whole} J whole, {sum} ± {stated} J in parts", reading.sensor);
        }
    }
}
