//! What a sensor shows while the machine is left idle.

use super::recorded::Recorded;
use super::statistics::mean;
use lem_domain::derive::{EnergyReading, Series, SeriesFault, read_energy};
use lem_domain::idle::IdleState;
use lem_domain::profile::Found;
use lem_domain::sensor::{SensorDescriptor, SensorIndex, SensorKind, SensorRecord};
use lem_domain::units::Watts;
use lem_domain::{Boundary, TimeWindow, Uncertainty, Validity};
use std::time::Duration;

/// The idle time is cut into so many parts, whose scatter tells how steady it was, and what falls between two reads.
const PARTS: u32 = 8;

/// Mean power of every sensor over the idle time, in the order of the record; the uncertainty is of its random part.
pub(super) fn powers(recorded: &Recorded) -> Vec<(&SensorDescriptor, Found<Watts>)> {
    let sensors = &recorded.usual.sensors;
    let Some(window) = recorded.idle else {
        return sensors.iter().map(|sensor| (sensor, Found::Unknown("the machine was not watched idle".to_owned()))).collect();
    };
    let whole = read_energy(&recorded.usual, window, &[], &[]);
    let parts: Vec<(TimeWindow, Vec<EnergyReading>)> =
        parts(window).into_iter().map(|part| (part, read_energy(&recorded.usual, part, &[], &[]))).collect();
    let power = |(position, sensor): (usize, &SensorDescriptor)| match sensor.kind {
        SensorKind::Power(_) => shown(&recorded.usual, position, window),
        _ => counted(sensor, window, &whole, &parts),
    };
    sensors.iter().enumerate().map(|(position, sensor)| (sensor, power((position, sensor)))).collect()
}

/// Of a counter: its energy over the idle time.
fn counted(
    sensor: &SensorDescriptor,
    window: TimeWindow,
    whole: &[EnergyReading],
    parts: &[(TimeWindow, Vec<EnergyReading>)],
) -> Found<Watts> {
    let Some(reading) = of_sensor(whole, sensor) else { return Found::Unknown("it gave no value".to_owned()) };
    if let Validity::Limited(reason) | Validity::Invalid(reason) = reading.energy.validity() {
        return Found::Unknown(reason.clone());
    }
    let Some(value) = reading.energy.value().and_then(|energy| energy.over(window.span())) else {
        return Found::Unknown(reading.energy.absence().unwrap_or("it gave no value").to_owned());
    };
    let powers = parts.iter().filter_map(|(part, readings)| of_sensor(readings, sensor)?.energy.value()?.over(part.span()));
    let random =
        reading.energy.uncertainty().map_or(0.0, |uncertainty| Uncertainty::COVERAGE_FACTOR * uncertainty.random / window.span().get());
    Found::Value { value, half_width: Watts::new(scatter(powers.map(Watts::get)).max(random)) }
}

fn of_sensor<'a>(readings: &'a [EnergyReading], sensor: &SensorDescriptor) -> Option<&'a EnergyReading> {
    readings.iter().find(|reading| reading.device == sensor.device && reading.sensor == sensor.name)
}

/// Of a power: the mean of what it showed. Nothing steps at the edges of an idle time, so that they leave nothing open.
fn shown(record: &SensorRecord, position: usize, window: TimeWindow) -> Found<Watts> {
    let samples = record.samples.iter().filter(|sample| sample.sensor == SensorIndex::of(position));
    let series = Series::new(samples.map(|sample| (sample.at, sample.value)).collect());
    let mean = |window: TimeWindow| series.integral(window).map(|area| area / window.span().get());
    match (series.covers(window), mean(window)) {
        (Ok(()), Some(value)) => {
            let half_width = scatter(parts(window).into_iter().filter_map(mean)).max(record.sensors[position].resolution);
            Found::Value { value: Watts::new(value), half_width: Watts::new(half_width) }
        }
        (Err(SeriesFault::EndsEarly), _) => Found::Unknown("it fell silent before the idle time was over".to_owned()),
        _ => Found::Unknown("it gave no value".to_owned()),
    }
}

/// How well a mean is known by the means of its parts.
fn scatter(parts: impl Iterator<Item = f64>) -> f64 {
    mean(&parts.collect::<Vec<_>>()).map_or(0.0, |mean| mean.half_width)
}

/// The parts of the idle time.
fn parts(window: TimeWindow) -> Vec<TimeWindow> {
    let length = Duration::from_nanos(window.end.as_nanos() - window.start.as_nanos()) / PARTS;
    let start = |number: u32| window.start.after(length * number);
    (0..PARTS).map(|number| TimeWindow { start: start(number), end: start(number + 1) }).collect()
}

/// The state that is watched before any load: of an accelerator, that nothing but the driver holds it.
pub(super) fn state(boundary: Boundary) -> IdleState {
    if boundary.is_accelerator() || boundary == Boundary::Module { IdleState::DriverOnly } else { IdleState::HostIdle }
}
