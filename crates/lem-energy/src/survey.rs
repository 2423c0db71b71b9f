//! What measuring devices a machine has: every source asked, every device named, usable or not.

use crate::machine::Machine;
use crate::source::{Preferences, Probe};
use crate::{amd, estimate, hwmon, nvml, profile, rapl};
use lem_domain::profile::{BoardProfile, ProfileKey};
use lem_domain::sensor::{SensorDescriptor, SourceVerdict};
use lem_domain::spec::EnergySource;
use lem_domain::{Boundary, DeviceId, Finding, Grade};

/// Every source's verdict and every device, in the order of [`EnergySource::ALL`].
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// What each source said.
    pub verdicts: Vec<SourceVerdict>,
    /// The devices.
    pub devices: Vec<Device>,
    /// What a reader of figures from the sources that work must know.
    pub findings: Vec<Finding>,
}

impl Survey {
    /// The best grade that an energy read here can have.
    #[must_use]
    pub fn best_grade(&self) -> Grade {
        let sensors = self.devices.iter().flat_map(|device| &device.sensors);
        sensors.filter(|sensor| sensor.tells_energy()).map(SensorDescriptor::grade).min().unwrap_or(Grade::Unavailable)
    }
}

/// One physical device, or a part of one.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its identity: a UUID where it has one.
    pub id: DeviceId,
    /// What it is called.
    pub name: String,
    /// Which source reads it.
    pub source: EnergySource,
    /// Its number in the source's own order, such as the index that `nvidia-smi` shows.
    pub index: Option<u32>,
    /// Whether programs started from here would see it (`CUDA_VISIBLE_DEVICES`).
    pub visible: bool,
    /// What a profile of it is kept under.
    pub key: ProfileKey,
    /// Facts for a reader, as name and value: memory, power limit, persistence mode, …
    pub facts: Vec<(String, String)>,
    /// What can be read of it.
    pub sensors: Vec<SensorDescriptor>,
    /// Why it cannot be read, when it cannot.
    pub problem: Option<String>,
    /// Parts of it: MIG instances of a board, RAPL domains of a package.
    pub parts: Vec<Device>,
}

impl Device {
    /// Whether it computes beside the processor: a board, or a module that holds one.
    #[must_use]
    pub fn is_accelerator(&self) -> bool {
        match self.source {
            EnergySource::Nvml | EnergySource::Amd | EnergySource::Virtual => true,
            EnergySource::Hwmon => {
                let covers = |boundary| matches!(boundary, Boundary::GpuBoard | Boundary::GpuPartition | Boundary::Module);
                self.sensors.iter().any(|sensor| covers(sensor.boundary))
            }
            EnergySource::Rapl | EnergySource::Estimate => false,
        }
    }
}

/// Asks every source of a machine. `profiles` are those of earlier calibration.
#[must_use]
pub fn survey(machine: &Machine, profiles: Vec<BoardProfile>) -> Survey {
    let preferences = Preferences { profiles, ..Preferences::default() };
    let mut survey = Survey::default();
    for &source in EnergySource::ALL.iter().filter(|source| **source != EnergySource::Virtual) {
        let probe = probe(source, machine, &preferences);
        survey.verdicts.push(SourceVerdict { source: source.to_string(), status: probe.status });
        survey.devices.extend(probe.devices);
        // Of a source that does not work, its verdict says it all.
        if probe.source.is_some() {
            survey.findings.extend(probe.findings);
        }
    }
    survey
}

/// Asks one source of a machine. The virtual machine is no part of it: see [`crate::open`].
pub(crate) fn probe(source: EnergySource, machine: &Machine, preferences: &Preferences) -> Probe {
    let mut probe = match source {
        EnergySource::Nvml => nvml::probe(machine, preferences),
        EnergySource::Rapl => rapl::probe(machine, preferences),
        EnergySource::Amd => amd::probe(machine, preferences),
        EnergySource::Hwmon => hwmon::probe(machine, preferences),
        EnergySource::Estimate => estimate::probe(machine, preferences),
        EnergySource::Virtual => Probe::without(lem_domain::sensor::SourceStatus::Absent("no virtual machine runs".to_owned())),
    };
    profile::tell(&mut probe, preferences);
    probe
}
