//! Chips below `sys/class/hwmon` and what they show of energy and power, by the kernel's common names
//! (kernel documentation, "Naming and data format standards for sysfs files").

use crate::machine::Machine;
use crate::sysfs::{Attribute, entries, numbered, read_line, read_number};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One chip, or what a driver shows like one.
#[derive(Clone, Debug)]
pub(super) struct Chip {
    /// What its driver calls itself.
    pub(super) driver: String,
    folder: PathBuf,
}

/// One value of energy or power.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// The file.
    pub(super) file: Attribute,
    /// What the driver says it is: a label, or what a maker wrote into an ACPI power meter.
    pub(super) label: Option<String>,
    /// Length of the trailing mean that it is, where the driver states one.
    pub(super) averaged_over: Option<Duration>,
    /// Its name, such as `power1`.
    pub(super) name: String,
}

impl Chip {
    /// Every chip with a name, in the order of the kernel's numbers.
    pub(super) fn all(machine: &Machine) -> Vec<Self> {
        let folders = numbered(&machine.path("sys/class/hwmon"), "hwmon").into_iter();
        folders.filter_map(|folder| Some(Self { driver: name(&folder)?, folder })).collect()
    }

    /// Every energy and power that it shows. Older drivers put their files beside the device.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> = Vec::new();
        for folder in [self.folder.clone(), self.folder.join("device")] {
            for file in entries(&folder) {
                if let Some(input) = input(&folder, &file) {
                    match inputs.iter_mut().find(|known| known.name == input.name) {
                        // The value of now is worth more than its mean.
                        Some(known) if known.averaged_over.is_some() && input.averaged_over.is_none() => *known = input,
                        Some(_) => {}
                        None => inputs.push(input),
                    }
                }
            }
        }
        inputs
    }

    /// A file of the chip, wherever its driver puts it.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        [self.folder.join(name), self.folder.join("device").join(name)].into_iter().find(|path| path.exists())
    }

    /// The PCI address of the device that the chip belongs to.
    pub(super) fn address(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.folder.join("device/uevent")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("PCI_SLOT_NAME=")).map(str::to_owned)
    }
}

fn name(folder: &Path) -> Option<String> {
    read_line(&folder.join("name")).or_else(|| read_line(&folder.join("device/name")))
}

fn input(folder: &Path, file: &str) -> Option<Input> {
    let (name, what) = file.split_once('_')?;
    let is = |kind: &str| name.strip_prefix(kind).is_some_and(|number| number.parse::<u32>().is_ok());
    let path = folder.join(file);
    let file = match what {
        "input" if is("energy") => Attribute::Microjoules(path),
        "input" | "average" if is("power") => Attribute::Microwatts(path),
        _ => return None,
    };
    let averaged_over = match what {
        "average" => read_number(&folder.join(format!("{name}_average_interval"))).map(Duration::from_millis),
        _ => None,
    };
    let label = ["label", "oem_info"].iter().find_map(|what| read_line(&folder.join(format!("{name}_{what}"))));
    Some(Input { file, label, averaged_over, name: name.to_owned() })
}
