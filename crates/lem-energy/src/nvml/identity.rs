//! Which board this is, and what a reader of its figures may want to know of it.

use super::ffi::Board;
use super::generation::Generation;
use crate::survey::Device;
use lem_domain::DeviceId;
use lem_domain::profile::ProfileKey;
use lem_domain::spec::EnergySource;
use lem_domain::units::{Bytes, Watts};
use nvml_wrapper::error::NvmlError;

/// A board as it names itself.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) id: DeviceId,
    pub(super) name: String,
    /// In NVML's order, which is that of the PCI bus.
    pub(super) index: u32,
    pub(super) generation: Generation,
    pub(super) driver: String,
    pub(super) key: ProfileKey,
    pub(super) facts: Vec<(String, String)>,
    /// MIG instances, in NVML's order; empty unless the board is partitioned.
    pub(super) instances: Vec<Instance>,
}

/// A MIG instance.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) uuid: String,
    name: String,
    memory: Option<Bytes>,
}

impl Identity {
    /// Asks a board who it is.
    ///
    /// # Errors
    /// When it does not tell its UUID or its name, which every board that works does.
    pub(super) fn of(board: &Board, index: u32, driver: &str) -> Result<Self, NvmlError> {
        let device = board.device();
        let (uuid, name) = (device.uuid()?, device.name()?);
        let capability = device.cuda_compute_capability().ok().map(|capability| (capability.major, capability.minor));
        let firmware = device.vbios_version().unwrap_or_default();
        Ok(Self {
            id: DeviceId::new(uuid),
            index,
            generation: Generation::of(device.architecture().ok(), capability),
            driver: driver.to_owned(),
            key: ProfileKey { board: name.clone(), driver: format!("nvidia {driver}"), firmware },
            facts: facts(board, capability),
            instances: instances(board),
            name,
        })
    }

    /// Whether the energy counter covers processor and accelerator together. Seen on GH200 (zeus, pull request 172); the
    /// boards of later superchips have not been seen to.
    pub(super) fn counts_its_module(&self) -> bool {
        ["GH200", "Grace Hopper"].iter().any(|name| self.name.contains(name))
    }

    /// The board for the list of devices, before its sensors are known.
    pub(super) fn device(&self) -> Device {
        let mut facts = self.facts.clone();
        facts.insert(0, fact("architecture", self.generation.as_str()));
        facts.insert(1, fact("driver", &self.driver));
        if !self.key.firmware.is_empty() {
            facts.insert(2, fact("VBIOS", &self.key.firmware));
        }
        Device {
            id: self.id.clone(),
            name: self.name.clone(),
            source: EnergySource::Nvml,
            index: Some(self.index),
            visible: false,
            key: self.key.clone(),
            facts,
            sensors: Vec::new(),
            problem: None,
            parts: (0..).zip(&self.instances).map(|(index, instance)| self.part(index, instance)).collect(),
        }
    }

    fn part(&self, index: u32, instance: &Instance) -> Device {
        let memory = instance.memory.map(|memory| fact("memory", mebibytes(memory)));
        Device {
            id: DeviceId::new(instance.uuid.clone()),
            name: instance.name.clone(),
            source: EnergySource::Nvml,
            index: Some(index),
            visible: false,
            key: self.key.clone(),
            facts: memory.into_iter().collect(),
            sensors: Vec::new(),
            problem: None,
            parts: Vec::new(),
        }
    }
}

/// One fact.
pub(super) fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn facts(board: &Board, capability: Option<(i32, i32)>) -> Vec<(String, String)> {
    let device = board.device();
    let on = |is: bool| if is { "on" } else { "off" };
    let known = [
        capability.map(|(major, minor)| fact("compute capability", format!("{major}.{minor}"))),
        device.pci_info().ok().map(|pci| fact("PCI", pci.bus_id)),
        device.memory_info().ok().map(|memory| fact("memory", mebibytes(Bytes::new(memory.total)))),
        power_limit(board).map(|limit| fact("power limit", limit)),
        device.is_in_persistent_mode().ok().map(|is| fact("persistence mode", on(is))),
        device.is_ecc_enabled().ok().map(|state| fact("ECC", on(state.currently_enabled))),
        device.mig_mode().ok().map(|mode| fact("MIG", on(mode.current != 0))),
    ];
    known.into_iter().flatten().collect()
}

fn power_limit(board: &Board) -> Option<String> {
    let device = board.device();
    let watts = |milliwatts| format!("{} W", Watts::from_milliwatts(milliwatts).get());
    let limit = watts(device.enforced_power_limit().ok()?);
    let default = device.power_management_limit_default().ok().map(|default| format!("default {}", watts(default)));
    let range =
        device.power_management_limit_constraints().ok().map(|range| format!("{} to {}", watts(range.min_limit), watts(range.max_limit)));
    let more: Vec<_> = [default, range].into_iter().flatten().collect();
    Some(if more.is_empty() { limit } else { format!("{limit} ({})", more.join(", ")) })
}

fn instances(board: &Board) -> Vec<Instance> {
    let device = board.device();
    if device.mig_mode().is_ok_and(|mode| mode.current != 0) {
        let instance = |index| {
            // Indices without an instance are not found; the others may stand at any of them.
            let instance = device.mig_device_by_index(index).ok()?;
            let memory = instance.memory_info().ok().map(|memory| Bytes::new(memory.total));
            Some(Instance { uuid: instance.uuid().ok()?, name: instance.name().ok()?, memory })
        };
        (0..device.mig_device_count().unwrap_or(0)).filter_map(instance).collect()
    } else {
        Vec::new()
    }
}

fn mebibytes(memory: Bytes) -> String {
    format!("{:.0} MiB", memory.as_mebibytes())
}
