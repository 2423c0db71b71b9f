//! Batteries: what a machine without mains draws from them.

use super::{Assigned, device, sensor};
use crate::channel::{Channel, ReadValue};
use crate::machine::Machine;
use crate::sysfs::{NumberFile, numbered, read_line};
use lem_domain::Boundary;
use lem_domain::sensor::{PowerMeaning, SensorKind};
use lem_domain::units::Watts;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kernel asks a battery at most once a second (`cache_time` of `drivers/acpi/battery.c`); its firmware may be slower.
const UPDATE_PERIOD: Duration = Duration::from_secs(1);

/// Batteries state their power in steps of about this.
fn step() -> Watts {
    Watts::from_milliwatts(10)
}

/// All batteries of the machine as one device: they take turns, and together they are what it draws.
pub(super) fn devices(machine: &Machine) -> Vec<Assigned> {
    let folders: Vec<PathBuf> = numbered(&machine.path("sys/class/power_supply"), "BAT")
        .into_iter()
        .filter(|folder| read_line(&folder.join("type")).is_none_or(|kind| kind == "Battery"))
        .collect();
    let Some(first) = folders.first() else { return Vec::new() };
    let mut assigned = Assigned::empty(device("battery".to_owned(), "the machine by its battery", "power_supply"));
    let discharging = |folder: &PathBuf| read_line(&folder.join("status")).as_deref() == Some("Discharging");
    if !folders.iter().any(discharging) {
        assigned.device.problem = Some("not read: on mains power a battery does not tell what the machine draws".to_owned());
        return vec![assigned];
    }
    let kind = SensorKind::Power(PowerMeaning::Instant);
    let mut descriptor = sensor(&assigned.device, "power", kind, Boundary::Host, UPDATE_PERIOD, step().get());
    descriptor.source = format!("{}/power_now, while it discharges", first.display());
    let path = first.clone();
    assigned.channels.push(Channel { descriptor, path, open: Box::new(move || open(&folders)) });
    vec![assigned]
}

/// The sum over the batteries that discharge; nothing while any is charged, for then mains feeds the machine too.
fn open(folders: &[PathBuf]) -> io::Result<ReadValue> {
    let batteries = folders.iter().map(|folder| Battery::open(folder)).collect::<io::Result<Vec<Battery>>>()?;
    Ok(Box::new(move || {
        let mut sum = None;
        for battery in &batteries {
            match battery.state()? {
                State::Discharging => sum = Some(sum.unwrap_or(0.0) + battery.power()?.get()),
                State::Idle => {}
                State::Charging => return None,
            }
        }
        sum
    }))
}

enum State {
    Discharging,
    Charging,
    /// Full, or waiting for its turn.
    Idle,
}

struct Battery {
    status: File,
    power: Power,
}

enum Power {
    Direct(NumberFile),
    Product { current: NumberFile, voltage: NumberFile },
}

impl Battery {
    fn open(folder: &Path) -> io::Result<Self> {
        let power = match NumberFile::open(&folder.join("power_now")) {
            Ok(file) => Power::Direct(file),
            Err(_) => Power::Product {
                current: NumberFile::open(&folder.join("current_now"))?,
                voltage: NumberFile::open(&folder.join("voltage_now"))?,
            },
        };
        Ok(Self { status: File::open(folder.join("status"))?, power })
    }

    fn state(&self) -> Option<State> {
        let mut buffer = [0; 32];
        let length = self.status.read_at(&mut buffer, 0).ok()?;
        match buffer[..length].trim_ascii() {
            b"Discharging" => Some(State::Discharging),
            b"Charging" => Some(State::Charging),
            b"" => None,
            _ => Some(State::Idle),
        }
    }

    /// Some batteries give what leaves them a negative sign.
    fn power(&self) -> Option<Watts> {
        let size = |file: &NumberFile| file.read().ok().map(i64::unsigned_abs);
        match &self.power {
            Power::Direct(power) => size(power).map(Watts::from_microwatts),
            Power::Product { current, voltage } => Some(Watts::from_microamperes_at_microvolts(size(current)?, size(voltage)?)),
        }
    }
}
