//! NVIDIA Jetson: INA3221 chips on the supply rails. A module is the one rail that feeds it, or the sum of its rails.

use super::chip::Chip;
use super::{Assigned, device, sensor};
use crate::channel::{Channel, ReadValue};
use crate::machine::Machine;
use crate::sysfs::{Attribute, NumberFile, read_line, read_number};
use lem_domain::Boundary;
use lem_domain::sensor::{PowerMeaning, SensorKind};
use lem_domain::units::Watts;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Rails that together feed a module, by their labels: the first set that is complete counts (NVIDIA, "Jetson Linux
/// Developer Guide", power monitors). Other rails lie behind these or outside the module, and would count twice.
const MODULE_RAILS: [&[&str]; 4] = [
    // TX2, Xavier NX, Orin NX and Nano.
    &["VDD_IN"],
    // Nano.
    &["POM_5V_IN"],
    // AGX Orin.
    &["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"],
    // AGX Xavier.
    &["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"],
];

/// A step of the chip: 40 µV across the 5 mΩ of these boards is 8 mA, here at 5 V. Texas Instruments, INA3221 data sheet.
fn chip_step() -> Watts {
    Watts::from_milliamperes_at_millivolts(8, 5_000)
}

/// Where the chip does not tell how often it converts, it is taken to be slow.
const UNSTATED_PERIOD: Duration = Duration::from_millis(100);

const CHANNELS: u32 = 3;

/// One supply rail.
#[derive(Clone, Debug)]
struct Rail {
    label: String,
    power: RailPower,
    update_period: Duration,
}

#[derive(Clone, Debug)]
enum RailPower {
    /// The driver multiplies.
    File(Attribute),
    /// Current in milliamperes and voltage in millivolts.
    Product { current: PathBuf, voltage: PathBuf },
}

impl RailPower {
    fn open(&self) -> io::Result<ReadValue> {
        match self {
            Self::File(file) => file.open(),
            Self::Product { current, voltage } => {
                let (current, voltage) = (NumberFile::open(current)?, NumberFile::open(voltage)?);
                current.read()?;
                voltage.read()?;
                Ok(Box::new(move || {
                    let power = Watts::from_milliamperes_at_millivolts(current.read_unsigned()?, voltage.read_unsigned()?);
                    Some(power.get())
                }))
            }
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::File(file) => file.path().to_owned(),
            Self::Product { current, .. } => current.clone(),
        }
    }
}

/// The module that the rails among these chips feed.
pub(super) fn devices(chips: &[Chip], machine: &Machine) -> Vec<Assigned> {
    let rails: Vec<Rail> = chips.iter().filter(|chip| chip.driver == "ina3221").flat_map(rails).collect();
    if rails.is_empty() {
        return Vec::new();
    }
    let model = read_line(&machine.path("proc/device-tree/model")).map(|model| model.trim_end_matches('\0').to_owned());
    let mut assigned = Assigned::empty(device("jetson-module".to_owned(), model.as_deref().unwrap_or("NVIDIA Jetson"), "ina3221"));
    let labelled = |label: &&str| rails.iter().find(|rail| rail.label == **label).cloned();
    let summed = MODULE_RAILS.iter().find_map(|set| set.iter().map(labelled).collect::<Option<Vec<Rail>>>());
    let Some(summed) = summed else {
        let labels: Vec<&str> = rails.iter().map(|rail| rail.label.as_str()).collect();
        assigned.device.problem = Some(format!("not assigned to any boundary: rails {}", labels.join(", ")));
        return vec![assigned];
    };
    let labels: Vec<&str> = summed.iter().map(|rail| rail.label.as_str()).collect();
    let others: Vec<&str> = rails.iter().map(|rail| rail.label.as_str()).filter(|label| !labels.contains(label)).collect();
    assigned.device.facts.push(("rails".to_owned(), labels.join(" + ")));
    if !others.is_empty() {
        assigned.device.facts.push(("rails not added".to_owned(), others.join(", ")));
    }
    let period = summed.iter().map(|rail| rail.update_period).max().unwrap_or(UNSTATED_PERIOD);
    let kind = SensorKind::Power(PowerMeaning::Instant);
    let mut descriptor = sensor(&assigned.device, "power", kind, Boundary::Module, period, chip_step().get());
    descriptor.source = format!("INA3221, {}", labels.join(" + "));
    let path = summed[0].power.path();
    assigned.channels.push(Channel { descriptor, path, open: Box::new(move || open(&summed)) });
    vec![assigned]
}

/// The sum of the rails; one that does not answer leaves no sum.
fn open(rails: &[Rail]) -> io::Result<ReadValue> {
    let values = rails.iter().map(|rail| rail.power.open()).collect::<io::Result<Vec<ReadValue>>>()?;
    Ok(Box::new(move || values.iter().map(|value| value()).sum()))
}

fn rails(chip: &Chip) -> Vec<Rail> {
    let update_period = chip.file("update_interval").and_then(|file| read_number(&file)).map_or(UNSTATED_PERIOD, Duration::from_millis);
    let rail = |number: u32| {
        let label = chip.file(&format!("in{number}_label")).and_then(|file| read_line(&file))?;
        let power = match chip.file(&format!("power{number}_input")) {
            Some(file) => RailPower::File(Attribute::Microwatts(file)),
            None => {
                let current = chip.file(&format!("curr{number}_input"))?;
                RailPower::Product { current, voltage: chip.file(&format!("in{number}_input"))? }
            }
        };
        Some(Rail { label, power, update_period })
    };
    (1..=CHANNELS).filter_map(rail).collect()
}
