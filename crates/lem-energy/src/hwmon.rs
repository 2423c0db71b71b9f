//! Power and energy that other drivers show: ACPI power meters, Jetson's rails, Intel's boards, batteries.
//!
//! A driver's number is read only where it is known what it covers. Everything else is named in the survey and left
//! alone, for a joule without a boundary is no result. What has a source of its own (`amdgpu`) is not read again.

mod battery;
mod chip;
mod intel_gpu;
mod jetson;
mod power_meter;

use crate::channel::{Channel, Channels, Round, assumed_gain};
use crate::machine::Machine;
use crate::profile;
use crate::source::{Preferences, Probe, UNMEASURED_INTERVAL};
use crate::survey::Device;
use chip::{Chip, Input};
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{SensorDescriptor, SensorKind, SourceStatus, Stamp};
use lem_domain::spec::EnergySource;
use lem_domain::{Boundary, DeviceId};
use std::io;
use std::time::Duration;

/// Drivers whose numbers a module of this source, or another source, knows.
const KNOWN_ELSEWHERE: [&str; 6] = ["amdgpu", "power_meter", "acpi_power_meter", "ina3221", "i915", "xe"];

/// A device and its sensors to read. Without sensors it has a problem.
struct Assigned {
    device: Device,
    channels: Vec<Channel>,
}

impl Assigned {
    fn empty(device: Device) -> Self {
        Self { device, channels: Vec::new() }
    }
}

/// Looks at every chip and every battery.
pub(crate) fn probe(machine: &Machine, preferences: &Preferences) -> Probe {
    let chips = Chip::all(machine);
    let mut found = power_meter::devices(&chips, machine);
    found.extend(jetson::devices(&chips, machine));
    found.extend(intel_gpu::devices(&chips));
    found.extend(battery::devices(machine));
    let others = chips.iter().filter(|chip| !KNOWN_ELSEWHERE.contains(&chip.driver.as_str()));
    found.extend(others.flat_map(|chip| chip.inputs().iter().map(|input| unassigned(chip, input)).collect::<Vec<_>>()));

    let (mut devices, mut readers, mut denied) = (Vec::new(), Vec::new(), None);
    for mut assigned in found {
        let refused = open(&mut assigned);
        denied = denied.or(refused);
        let mut descriptors: Vec<_> = assigned.channels.iter().map(|channel| channel.descriptor.clone()).collect();
        profile::calibrate(&mut descriptors, &assigned.device.key, preferences);
        for (channel, descriptor) in assigned.channels.iter_mut().zip(&descriptors) {
            channel.descriptor = descriptor.clone();
        }
        devices.push(Device { sensors: descriptors, ..assigned.device });
        if !assigned.channels.is_empty() {
            readers.push(Round::from(assigned.channels));
        }
    }
    if readers.is_empty() {
        return Probe { devices, ..Probe::without(denied.unwrap_or_else(nothing)) };
    }
    Probe { status: SourceStatus::Works, source: Some(Box::new(Channels(readers))), devices, findings: Vec::new() }
}

fn nothing() -> SourceStatus {
    SourceStatus::Absent("no driver below `/sys/class/hwmon` and no battery shows power of a known part of the machine".to_owned())
}

/// Reads every sensor once and keeps those that answer. Gives the verdict of one that may not be read.
fn open(assigned: &mut Assigned) -> Option<SourceStatus> {
    let mut denied = None;
    let device = &mut assigned.device;
    assigned.channels.retain(|channel| match (channel.open)() {
        Ok(_) => true,
        Err(error) => {
            let reason = format!("`{}`: {error}", channel.path.display());
            if error.kind() == io::ErrorKind::PermissionDenied {
                let fix = format!("run `sudo chmod a+r {}` (lost at reboot)", channel.path.display());
                denied.get_or_insert(SourceStatus::NotPermitted { reason: reason.clone(), fix });
            }
            device.facts.push((channel.descriptor.name.clone(), reason));
            false
        }
    });
    if assigned.channels.is_empty() && device.problem.is_none() {
        device.problem = Some(device.facts.last().map_or_else(|| "no sensor".to_owned(), |(_, reason)| reason.clone()));
    }
    denied
}

/// A number that is not known to be of the machine as a whole or of a named part.
fn unassigned(chip: &Chip, input: &Input) -> Assigned {
    let what = input.label.as_deref().unwrap_or(&input.name);
    let name = format!("{} {what}", chip.driver);
    let problem = Some("not assigned to any boundary: it is not known what it covers".to_owned());
    Assigned::empty(Device { problem, ..device(format!("hwmon-{}-{what}", chip.driver), &name, &chip.driver) })
}

fn device(id: String, name: &str, driver: &str) -> Device {
    Device {
        id: DeviceId::new(id),
        name: name.to_owned(),
        source: EnergySource::Hwmon,
        index: None,
        visible: true,
        key: ProfileKey { board: name.to_owned(), driver: format!("hwmon {driver}"), firmware: String::new() },
        facts: Vec::new(),
        sensors: Vec::new(),
        problem: None,
        parts: Vec::new(),
    }
}

fn sensor(device: &Device, name: &str, kind: SensorKind, boundary: Boundary, update_period: Duration, resolution: f64) -> SensorDescriptor {
    SensorDescriptor {
        name: name.to_owned(),
        device: device.id.clone(),
        device_name: device.name.clone(),
        kind,
        boundary,
        update_period,
        stamp: Stamp::Read,
        interval: UNMEASURED_INTERVAL,
        resolution,
        gain: assumed_gain(),
        source: String::new(),
    }
}

#[cfg(test)]
mod tests;
