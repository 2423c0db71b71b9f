//! Live power: a table of devices, a line per interval, the totals at the end.

use super::measurement;
use super::number;
use console::{measure_text_width, truncate_str};
use jiff::Timestamp;
use lem_domain::derive::{DeviceEnergy, GaugeSummary, Observation};
use lem_domain::sensor::Gauge;
use lem_domain::units::Unit;
use lem_domain::{DeviceId, Quantity};
use lem_orchestration::Glance;
use lem_results::record::document::WholeRecord;
use std::time::{Duration, SystemTime};

const HEADER: [&str; 10] =
    ["device", "covers", "power now", "mean power", "energy so far", "temp", "busy", "clock", "held down by", "read by"];

/// Columns of numbers stand under each other at their end.
const IS_NUMBER: [bool; 10] = [false, false, true, true, true, true, true, true, false, false];

/// A device's name is cut to no less than this to make the table fit.
const SHORTEST_NAME: usize = 12;

/// One row per device and what it covers, for a terminal of so many columns; a column that no device fills is left out.
pub(crate) fn table(glance: &Glance, columns: usize) -> Vec<String> {
    let mut rows: Vec<[String; 10]> = glance.interval.devices.iter().map(|device| row(device, glance)).collect();
    rows.insert(0, HEADER.map(str::to_owned));
    let filled: Vec<usize> = (0..HEADER.len()).filter(|&column| rows[1..].iter().any(|row| !row[column].is_empty())).collect();
    let width = |rows: &[[String; 10]], column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max().unwrap_or(0);
    let whole: usize = filled.iter().map(|&column| width(&rows, column) + 2).sum();
    let name = width(&rows, 0).saturating_sub(whole.saturating_sub(2 + columns)).max(SHORTEST_NAME);
    for row in &mut rows {
        row[0] = shortened(&row[0], name);
    }
    let widths: Vec<usize> = filled.iter().map(|&column| width(&rows, column)).collect();
    let line = |row: &[String; 10]| {
        let cells = filled.iter().zip(&widths).map(|(&column, width)| {
            let pad = " ".repeat(width - measure_text_width(&row[column]));
            if IS_NUMBER[column] { format!("{pad}{}", row[column]) } else { format!("{}{pad}", row[column]) }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let every = Duration::from_secs_f64(glance.interval.window.span().get());
    let head = format!("{}  {} in all, a mean over every {every:?}; Ctrl-C ends", clock(glance.ended_at), elapsed(&glance.so_far));
    let absences = glance.interval.totals.iter().filter_map(|total| Some(format!("{}: {}", total.boundary, total.energy.absence()?)));
    std::iter::once(head).chain(rows.iter().map(line)).chain(absences).collect()
}

/// A text cut in its middle: devices of one name differ at the end.
fn shortened(text: &str, width: usize) -> String {
    let n_chars = text.chars().count();
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let tail = (width - 1) / 2;
    let end: String = text.chars().skip(n_chars - tail).collect();
    format!("{}{end}", truncate_str(text, width - tail, "…"))
}

/// Hours, minutes and seconds.
fn elapsed(so_far: &Observation) -> String {
    let seconds = Duration::from_secs_f64(so_far.window.span().get()).as_secs();
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn row(device: &DeviceEnergy, glance: &Glance) -> [String; 10] {
    let so_far = glance.so_far.devices.iter().find(|one| one.device == device.device && one.boundary == device.boundary);
    let gauge = |chosen: &dyn Fn(&GaugeSummary) -> bool| {
        // Gauges tell of the device as a whole: beside a part of it they would be said twice.
        let is_first = first_of_device(&glance.interval, &device.device) == Some(device);
        let mut own = glance.interval.gauges.iter().filter(|gauge| is_first && gauge.device == device.device);
        own.find(|gauge| chosen(gauge)).map(|gauge| gauge.mean)
    };
    let held = glance.interval.throttles.iter().find(|throttle| throttle.device == device.device);
    let is_namesake = |other: &DeviceEnergy| other.device_name == device.device_name && other.device != device.device;
    [
        measurement::name(&device.device_name, device.device.as_str(), glance.interval.devices.iter().any(is_namesake)),
        device.boundary.to_string(),
        quantity(&device.mean_power),
        so_far.map_or_else(String::new, |device| quantity(&device.mean_power)),
        so_far.map_or_else(String::new, |device| quantity(&device.energy)),
        gauge(&|gauge| gauge.gauge == Gauge::Temperature).map_or_else(String::new, |value| format!("{value:.0} °C")),
        gauge(&|gauge| gauge.gauge == Gauge::Share).map_or_else(String::new, |value| format!("{:.0} %", 100.0 * value)),
        gauge(&|gauge| gauge.gauge == Gauge::Frequency).map_or_else(String::new, |value| number::with_unit(value / 1e6, "MHz")),
        held.map_or_else(String::new, |held| held.reasons.iter().map(|(reason, _)| reason.as_str()).collect::<Vec<_>>().join(", ")),
        read_by(device),
    ]
}

fn first_of_device<'a>(observation: &'a Observation, device: &DeviceId) -> Option<&'a DeviceEnergy> {
    observation.devices.iter().find(|one| one.device == *device)
}

fn read_by(device: &DeviceEnergy) -> String {
    let mean = device.averaged_over.map_or_else(String::new, |over| format!(", a mean over {}", number::seconds(over.as_secs_f64())));
    let limited = if device.energy.validity().reason().is_some() { ", limited" } else { "" };
    format!("{} ({}{mean}{limited})", device.sensor, device.energy.grade())
}

/// One interval on one line, by what is covered.
pub(crate) fn line(glance: &Glance) -> String {
    let so_far = |boundary| glance.so_far.totals.iter().find(|total| total.boundary == boundary);
    let parts = glance.interval.totals.iter().map(|total| {
        let energy = so_far(total.boundary).map_or_else(String::new, |total| quantity(&total.energy));
        format!("{} {} (so far {energy}, {})", total.boundary, quantity(&total.mean_power), total.energy.grade())
    });
    format!("{}  {}\n", clock(glance.ended_at), parts.collect::<Vec<_>>().join("  "))
}

/// The totals of the whole time.
pub(crate) fn total(whole: &WholeRecord) -> String {
    let n_intervals = number::count(whole.n_intervals);
    format!("watched for {} in {n_intervals} intervals\n{}", number::seconds(whole.seen.window_s), measurement::tables(&whole.seen))
}

fn quantity<U: Unit>(quantity: &Quantity<U>) -> String {
    match (quantity.value(), quantity.uncertainty()) {
        (None, _) => "-".to_owned(),
        (Some(value), Some(uncertainty)) => number::with_uncertainty(value.value(), uncertainty.expanded(), U::SYMBOL),
        (Some(value), None) => number::with_unit(value.value(), U::SYMBOL),
    }
}

/// Wall time in UTC, to the second.
fn clock(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| String::new(), |at| format!("{at:.0}"))
}

#[cfg(test)]
mod tests;
