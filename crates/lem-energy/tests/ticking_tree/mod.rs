//! A machine made of files: a socket whose counter grows by virtual hardware, and sensors that stand still beside it.

use lem_domain::units::Watts;
use lem_domain::world::Waveform;
use lem_domain::{Clock, HostClock};
use lem_energy::Machine;
use lem_energy::virtual_hardware::{PowercapTree, Zone};
use std::fs;

const FILES: [(&str, &str); 12] = [
    ("sys/class/drm/card0/device/vendor", "0x1002\n"),
    ("sys/class/drm/card0/device/uevent", "PCI_SLOT_NAME=0000:03:00.0\n"),
    ("sys/class/drm/card0/device/hwmon/hwmon1/power1_average", "90000000\n"),
    ("sys/class/drm/card0/device/hwmon/hwmon1/temp1_input", "45000\n"),
    ("sys/class/hwmon/hwmon0/name", "ina3221\n"),
    ("sys/class/hwmon/hwmon0/in1_label", "VDD_IN\n"),
    ("sys/class/hwmon/hwmon0/in1_input", "5000\n"),
    ("sys/class/hwmon/hwmon0/curr1_input", "1200\n"),
    ("sys/class/power_supply/BAT0/status", "Discharging\n"),
    ("sys/class/power_supply/BAT0/current_now", "500000\n"),
    // An empty file: a sensor that does not answer allocates nothing either.
    ("sys/class/power_supply/BAT0/voltage_now", ""),
    ("sys/class/power_supply/BAT0/type", "Battery\n"),
];

/// The machine; its counter stops when this is dropped.
pub(crate) struct TickingTree {
    folder: tempfile::TempDir,
    _socket: PowercapTree,
}

impl TickingTree {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in FILES {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("made");
            fs::write(path, text).expect("written");
        }
        let socket = Zone::new("intel-rapl:0", "package-0", Waveform::Flat(Watts::new(50.0)));
        let class = folder.path().join("sys/class/powercap");
        let socket = PowercapTree::grow(&class, vec![socket], HostClock.now()).expect("written");
        Self { folder, _socket: socket }
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine::below(self.folder.path())
    }
}
