//! AMD boards as the `amdgpu` driver shows them below `/sys`: identity, power, temperature, clock.

use crate::machine::Machine;
use crate::sysfs::{Attribute, numbered, read_line, read_number};
use lem_domain::units::Watts;
use std::path::{Path, PathBuf};

/// AMD's number among the makers of PCI devices.
const AMD: &str = "0x1002";

/// A board with the folders that describe it.
#[derive(Clone, Debug)]
pub(super) struct Board {
    /// The folder of its PCI device.
    device: PathBuf,
    /// The folder of its sensors; `None` where the driver shows none.
    sensors: Option<PathBuf>,
    /// Where it sits, such as `0000:03:00.0`.
    pub(super) address: String,
}

/// Every board, in the order of the addresses. The same board is found by its display node and by its sensors.
pub(super) fn find(machine: &Machine) -> Vec<Board> {
    let cards = numbered(&machine.path("sys/class/drm"), "card").into_iter().map(|card| {
        let device = card.join("device");
        let sensors = numbered(&device.join("hwmon"), "hwmon").into_iter().next();
        (device, sensors)
    });
    let chips = numbered(&machine.path("sys/class/hwmon"), "hwmon").into_iter();
    let chips = chips.filter(|chip| read_line(&chip.join("name")).as_deref() == Some("amdgpu"));
    let chips = chips.map(|chip| (chip.join("device"), Some(chip)));
    let mut boards: Vec<Board> = Vec::new();
    for (device, sensors) in cards.chain(chips) {
        if read_line(&device.join("vendor")).as_deref() != Some(AMD) {
            continue;
        }
        let Some(address) = address(&device) else { continue };
        match boards.iter_mut().find(|board| board.address == address) {
            Some(known) => known.sensors = known.sensors.take().or(sensors),
            None => boards.push(Board { device, sensors, address }),
        }
    }
    boards.sort_by(|one, other| one.address.cmp(&other.address));
    boards
}

/// The PCI address, which the kernel writes among what it told when the device appeared.
fn address(device: &Path) -> Option<String> {
    let text = std::fs::read_to_string(device.join("uevent")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("PCI_SLOT_NAME=")).map(str::to_owned)
}

impl Board {
    /// The serial number that the hardware carries, on boards that have one.
    pub(super) fn serial(&self) -> Option<String> {
        read_line(&self.device.join("unique_id"))
    }

    /// The name that the board's own memory holds, on server boards.
    pub(super) fn product(&self) -> Option<String> {
        read_line(&self.device.join("product_name"))
    }

    /// Its firmware.
    pub(super) fn firmware(&self) -> Option<String> {
        read_line(&self.device.join("vbios_version"))
    }

    /// Whether the graphics are a part of the processor. Then what is shown as its power is that of the whole socket
    /// (kernel documentation, "GPU Power/Thermal Controls and Monitoring"); only such parts have a northbridge voltage.
    pub(super) fn shares_the_socket(&self) -> bool {
        self.file("in1_label").and_then(|path| read_line(&path)).as_deref() == Some("vddnb")
    }

    /// Power that the driver names instantaneous, and power that the firmware has smoothed.
    pub(super) fn powers(&self) -> [Option<Attribute>; 2] {
        ["power1_input", "power1_average"].map(|name| self.file(name).map(Attribute::Microwatts))
    }

    /// A counter of energy, which few versions of the driver show.
    pub(super) fn energy(&self) -> Option<Attribute> {
        self.file("energy1_input").map(Attribute::Microjoules)
    }

    /// Temperature of the hottest point, else of the edge.
    pub(super) fn temperature(&self) -> Option<Attribute> {
        let labelled = ["temp2", "temp1"]
            .into_iter()
            .find(|name| self.file(&format!("{name}_label")).and_then(|path| read_line(&path)).as_deref() == Some("junction"));
        self.file(&format!("{}_input", labelled.unwrap_or("temp1"))).map(Attribute::Millidegrees)
    }

    /// Clock of the compute units.
    pub(super) fn clock(&self) -> Option<Attribute> {
        self.file("freq1_input").map(Attribute::Hertz)
    }

    /// The limit that the driver holds the power to.
    pub(super) fn power_limit_file(&self) -> Option<Attribute> {
        self.file("power1_cap").map(Attribute::Microwatts)
    }

    /// The limit as it is now.
    pub(super) fn power_limit(&self) -> Option<Watts> {
        read_number(self.power_limit_file()?.path()).filter(|&limit| limit > 0).map(Watts::from_microwatts)
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        self.sensors.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists())
    }
}
