//! What was seen of a program, or of a stretch of time, as a person reads it.

use super::summary::{align, plain, row};
use super::{beside, number};
use comfy_table::Table;
use lem_results::record::document::{BoundaryTotalRecord, DeviceEnergyRecord, MeasurementRecord, ObservationRecord, ProgramEndRecord};
use std::collections::BTreeSet;

/// The report of a program.
pub(crate) fn report(record: &MeasurementRecord) -> String {
    let program = &record.program;
    let end = match program.end {
        ProgramEndRecord::Exited { code } => format!("exited with {code}"),
        ProgramEndRecord::Killed { signal } => {
            let name = signal_hook::low_level::signal_name(signal).map_or_else(|| "a signal".to_owned(), str::to_owned);
            format!("ended by {name} ({signal})")
        }
    };
    let cpu = [("user", program.user_cpu_s), ("system", program.system_cpu_s)];
    let cpu: Vec<String> = cpu.into_iter().filter_map(|(name, time)| Some(format!("{name} {}", number::seconds(time?)))).collect();
    let command = program.command.join(" ");
    format!(
        "\nprogram   {command}\nended     {end} after {} ({})\n{}",
        number::seconds(record.seen.window_s),
        cpu.join(", "),
        tables(&record.seen)
    )
}

/// The figures of a window: what each boundary drew, each device where there are several, carbon and cost.
pub(super) fn tables(seen: &ObservationRecord) -> String {
    let tables = [totals(seen), devices(seen), impact(seen)];
    tables.into_iter().flatten().map(|table| format!("\n{}\n", table.trim_fmt())).collect()
}

fn totals(seen: &ObservationRecord) -> Option<Table> {
    let mut table = plain(["covers", "energy ± expanded (k = 2)", "mean power", "grade", "by"]);
    for BoundaryTotalRecord { total, .. } in &seen.totals {
        let [covers, energy, grade, absence] = row(total.boundary.as_str(), &total.energy, total.energy.value);
        let [_, power, ..] = row("", &total.mean_power, total.mean_power.value);
        let by = if total.energy.value.is_some() { by(seen, total.boundary) } else { absence };
        table.add_row([covers, energy, power, grade, by]);
    }
    align(&mut table, 1);
    align(&mut table, 2);
    (!table.is_empty()).then_some(table)
}

/// The sensors that a total comes from.
fn by(seen: &ObservationRecord, boundary: lem_domain::Boundary) -> String {
    let inside: Vec<&DeviceEnergyRecord> = seen.devices.iter().filter(|device| device.boundary == boundary).collect();
    let sensors: BTreeSet<String> = inside.iter().map(|device| sensor(device)).collect();
    let sensors = sensors.into_iter().collect::<Vec<_>>().join(", ");
    match inside.as_slice() {
        [only] => format!("{sensors} of {}", only.device_name),
        several => format!("{sensors} of {} devices", several.len()),
    }
}

/// A sensor by its name, and over what it is a mean if it is one.
fn sensor(device: &DeviceEnergyRecord) -> String {
    match device.averaging_window_s {
        Some(window) => format!("{} (a mean over {})", device.sensor, number::seconds(window)),
        None => device.sensor.clone(),
    }
}

/// The devices one by one; `None` where each boundary has one alone.
fn devices(seen: &ObservationRecord) -> Option<Table> {
    let mut table = plain(["device", "covers", "energy ± expanded (k = 2)", "mean power", "grade", "by"]);
    if seen.devices.len() == seen.totals.len() {
        return None;
    }
    for device in &seen.devices {
        let is_namesake = |other: &DeviceEnergyRecord| other.device_name == device.device_name && other.device != device.device;
        let name = name(&device.device_name, &device.device, seen.devices.iter().any(is_namesake));
        let [name, energy, grade, covers] = row(&name, &device.energy, device.energy.value);
        let [_, power, ..] = row("", &device.mean_power, device.mean_power.value);
        let note = if device.energy.value.is_some() { sensor(device) } else { covers };
        table.add_row([name, device.boundary.to_string(), energy, power, grade, note]);
    }
    align(&mut table, 2);
    align(&mut table, 3);
    (!table.is_empty()).then_some(table)
}

/// The name of a device, and its identity where another is called the same.
pub(super) fn name(name: &str, id: &str, has_namesake: bool) -> String {
    if has_namesake { format!("{name} [{id}]") } else { name.to_owned() }
}

/// Carbon and cost of each total, as far as there is something to multiply with.
fn impact(seen: &ObservationRecord) -> Option<Table> {
    let mut table = plain(["impact", "covers", "value ± expanded (k = 2)", "grade", "by"]);
    for BoundaryTotalRecord { total, impact } in &seen.totals {
        for [name, shown, grade, covers, by] in beside::impact_rows(impact) {
            let covers = if covers.is_empty() { total.boundary.to_string() } else { covers };
            table.add_row([name, covers, shown, grade, by]);
        }
    }
    align(&mut table, 2);
    (!table.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests;
