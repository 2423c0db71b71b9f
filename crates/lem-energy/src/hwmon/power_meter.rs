//! ACPI power meters: the named parts of an NVIDIA Grace machine, or the machine as a whole.

use super::chip::{Chip, Input};
use super::{Assigned, device, sensor, unassigned};
use crate::channel::Channel;
use crate::machine::Machine;
use crate::sysfs::{entries, read_number};
use lem_domain::Boundary;
use lem_domain::sensor::{PowerMeaning, SensorKind};
use lem_domain::units::Watts;
use std::collections::BTreeMap;
use std::time::Duration;

/// The meter's firmware takes a mean over at most this long where it does not say; the driver asks it no more often than
/// that (kernel documentation, "power_meter"; NVIDIA's firmware: 50 ms or 1 s).
const UNSTATED_INTERVAL: Duration = Duration::from_secs(1);

/// What a meter of a Grace machine measures. Module ⊃ Grace socket ⊃ cores, system parts (NVIDIA, "Grace Performance
/// Tuning Guide", power telemetry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grace {
    Module,
    Socket,
    Cores,
    System,
}

/// `CPU Power Socket 0` and its like.
fn parse(label: &str) -> Option<(Grace, u32)> {
    let (part, socket) = label.split_once(" Power Socket ")?;
    let part = match part {
        "Module" => Grace::Module,
        "Grace" => Grace::Socket,
        "CPU" => Grace::Cores,
        "SysIO" => Grace::System,
        _ => return None,
    };
    Some((part, socket.trim().parse().ok()?))
}

/// The devices that the meters among these chips measure.
pub(super) fn devices(chips: &[Chip], machine: &Machine) -> Vec<Assigned> {
    let meters = chips.iter().filter(|chip| matches!(chip.driver.as_str(), "power_meter" | "acpi_power_meter"));
    let inputs: Vec<(&Chip, Input)> = meters.flat_map(|chip| chip.inputs().into_iter().map(move |input| (chip, input))).collect();
    let (grace, others): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|(_, input)| input.label.as_deref().and_then(parse).is_some());
    let mut found = sockets(&grace);
    found.extend(modules(&grace, machine));
    let whole: Vec<_> = others.iter().filter(|(chip, input)| measures_the_machine(chip, input)).collect();
    for other in &others {
        let (chip, input) = other;
        found.push(match whole[..] {
            // Of several it is not told whether they show the same power or parts of it.
            [only] if std::ptr::eq(only, other) => host(chip, input),
            _ => unassigned(chip, input),
        });
    }
    found
}

fn sockets(meters: &[(&Chip, Input)]) -> Vec<Assigned> {
    let mut sockets: BTreeMap<u32, Vec<(Grace, &Chip, &Input)>> = BTreeMap::new();
    for (chip, input) in meters {
        match input.label.as_deref().and_then(parse) {
            Some((Grace::Module, _)) | None => {}
            Some((part, socket)) => sockets.entry(socket).or_default().push((part, chip, input)),
        }
    }
    let socket = |(socket, meters): (u32, Vec<(Grace, &Chip, &Input)>)| {
        let driver = meters.first().map_or("power_meter", |(_, chip, _)| chip.driver.as_str());
        let mut assigned = Assigned::empty(device(format!("cpu-package-{socket}"), "NVIDIA Grace", driver));
        for (part, _, input) in meters {
            let (name, boundary) = match part {
                Grace::Socket => ("package", Boundary::CpuPackage),
                Grace::Cores => ("cores", Boundary::CpuCores),
                Grace::System => ("uncore", Boundary::CpuUncore),
                Grace::Module => continue,
            };
            assigned.channels.push(channel(&assigned, name, boundary, input));
        }
        assigned
    };
    sockets.into_iter().map(socket).collect()
}

/// Grace Hopper modules. NVIDIA's own library counts the energy of the module there, so with its driver loaded the meter
/// would show the same joules again, under another name.
fn modules(meters: &[(&Chip, Input)], machine: &Machine) -> Vec<Assigned> {
    let shown_by_nvml = machine.path("proc/driver/nvidia/version").exists();
    let module = |(chip, input): &(&Chip, Input)| {
        let (Grace::Module, number) = input.label.as_deref().and_then(parse)? else { return None };
        let mut assigned = Assigned::empty(device(format!("module-{number}"), "NVIDIA Grace Hopper module", &chip.driver));
        if shown_by_nvml {
            assigned.device.problem = Some("not read: the NVIDIA driver counts the energy of the whole module".to_owned());
        } else {
            assigned.channels.push(channel(&assigned, "power", Boundary::Module, input));
        }
        Some(assigned)
    };
    meters.iter().filter_map(module).collect()
}

/// Whether the meter says that it measures the system itself: `measures/` then links to ACPI's root or its bus.
fn measures_the_machine(chip: &Chip, input: &Input) -> bool {
    let battery = chip.file(&format!("{}_is_battery", input.name)).and_then(|file| read_number::<u32>(&file)) == Some(1);
    let measured = chip.file("measures").map(|folder| entries(&folder)).unwrap_or_default();
    !battery && measured.iter().any(|device| device.starts_with("LNXSYSTM") || device.starts_with("LNXSYBUS"))
}

fn host(chip: &Chip, input: &Input) -> Assigned {
    let mut assigned = Assigned::empty(device("acpi-power-meter".to_owned(), "the machine by its ACPI power meter", &chip.driver));
    assigned.channels.push(channel(&assigned, "power", Boundary::Host, input));
    assigned
}

fn channel(assigned: &Assigned, name: &str, boundary: Boundary, input: &Input) -> Channel {
    let meaning = input.averaged_over.map_or(PowerMeaning::Instant, PowerMeaning::Averaged);
    let period = input.averaged_over.unwrap_or(UNSTATED_INTERVAL);
    // The driver turns whole milliwatts into microwatts.
    let resolution = Watts::from_milliwatts(1).get();
    Channel::of_file(sensor(&assigned.device, name, SensorKind::Power(meaning), boundary, period, resolution), input.file.clone())
}
