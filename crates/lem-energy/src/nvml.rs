//! NVIDIA boards, by NVML: energy counter, power, and the gauges that explain them.
//!
//! The library is looked for when the program runs; nothing of NVIDIA's is needed to build or to start.

mod ffi;
mod gauges;
mod generation;
mod identity;
mod sensors;
mod stamps;
mod verdict;
mod visibility;

use crate::EnergyError;
use crate::machine::Machine;
use crate::source::{Preferences, Probe, Reader, Source};
use crate::survey::Device;
use ffi::Board;
use gauges::Gauges;
use identity::{Identity, fact};
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::SourceStatus;
use lem_domain::spec::EnergySource;
use lem_domain::{DeviceId, Finding, FindingCode, Severity};
use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use sensors::Sensors;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use visibility::{Candidate, Sight};

/// Looks for NVIDIA boards and for what they answer.
pub(crate) fn probe(machine: &Machine, preferences: &Preferences) -> Probe {
    let library = machine.nvml_library.as_deref();
    match start(library) {
        Err(error) => Probe::without(verdict::of_start(&error, library)),
        Ok(nvml) => look(&Arc::new(nvml), machine.visible_devices.as_deref(), preferences),
    }
}

fn start(library: Option<&Path>) -> Result<Nvml, NvmlError> {
    let mut builder = Nvml::builder();
    if let Some(path) = library {
        builder.lib_path(path.as_os_str());
    }
    builder.init()
}

fn look(nvml: &Arc<Nvml>, setting: Option<&str>, preferences: &Preferences) -> Probe {
    let count = match nvml.device_count() {
        Err(error) => return Probe::without(verdict::of_call("NVML does not count its boards", &error)),
        Ok(0) => return Probe::without(SourceStatus::Absent("NVIDIA's driver runs and knows no board".to_owned())),
        Ok(count) => count,
    };
    let driver = nvml.sys_driver_version().unwrap_or_else(|_| "of unknown version".to_owned());
    let met: Vec<_> = (0..count).map(|index| Met::at(nvml, index, &driver)).collect();
    let candidates: Vec<_> = met.iter().map(Met::candidate).collect();
    let mut found = Found::default();
    for (met, sight) in met.into_iter().zip(visibility::sights(setting, &candidates)) {
        found.take(met, &sight, preferences);
    }
    if names_by_index(setting) && found.are_unlike() {
        found.warn_of_order();
    }
    found.into_probe(setting)
}

/// A board, or why it could not be spoken to.
struct Met {
    index: u32,
    outcome: Result<(Arc<Board>, Identity), NvmlError>,
}

impl Met {
    fn at(nvml: &Arc<Nvml>, index: u32, driver: &str) -> Self {
        let outcome = Board::open(nvml, index).and_then(|board| {
            let identity = Identity::of(&board, index, driver)?;
            Ok((Arc::new(board), identity))
        });
        Self { index, outcome }
    }

    fn candidate(&self) -> Candidate {
        let Ok((_, identity)) = &self.outcome else { return Candidate::default() };
        let instances = identity.instances.iter().map(|instance| instance.uuid.clone()).collect();
        Candidate { uuid: Some(identity.id.as_str().to_owned()), instances }
    }
}

/// A board that can be read, with everything that a session needs.
struct Readable {
    board: Arc<Board>,
    sensors: Sensors,
    gauges: Gauges,
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    readable: Vec<Readable>,
    devices: Vec<Device>,
    findings: Vec<Finding>,
    /// Why the first visible board that cannot be read cannot.
    trouble: Option<SourceStatus>,
}

impl Found {
    fn take(&mut self, met: Met, sight: &Sight, preferences: &Preferences) {
        match met.outcome {
            Err(error) => self.take_failed(met.index, *sight != Sight::Hidden, &error),
            Ok((_, identity)) if *sight == Sight::Hidden => self.devices.push(identity.device()),
            Ok((board, identity)) => self.take_visible(board, &identity, sight, preferences),
        }
    }

    fn take_failed(&mut self, index: u32, visible: bool, error: &NvmlError) {
        let status = verdict::of_call(&format!("board {index} does not answer"), error);
        let device = Device {
            // It has no UUID to tell; the index at least tells it from its neighbours.
            id: DeviceId::new(format!("nvidia-{index}")),
            name: format!("NVIDIA board {index}"),
            source: EnergySource::Nvml,
            index: Some(index),
            visible,
            key: ProfileKey { board: String::new(), driver: String::new(), firmware: String::new() },
            facts: Vec::new(),
            sensors: Vec::new(),
            problem: Some(status.reason().to_owned()),
            parts: Vec::new(),
        };
        self.devices.push(device);
        if visible {
            self.miss(status);
        }
    }

    fn take_visible(&mut self, board: Arc<Board>, identity: &Identity, sight: &Sight, preferences: &Preferences) {
        let mut device = Device { visible: true, ..identity.device() };
        if let Sight::Instances(seen) = sight {
            for (position, part) in device.parts.iter_mut().enumerate() {
                part.visible = seen.contains(&position);
            }
        }
        let sensors = Sensors::find(&board, identity, preferences);
        if sensors.descriptors().is_empty() {
            let reason = format!("{} tells neither energy nor power to driver {}", identity.name, identity.driver);
            device.problem = Some(reason.clone());
            self.miss(SourceStatus::Broken(reason));
        } else {
            if !sensors.has_counter() {
                device.facts.push(fact("energy counter", "none: energy comes of power alone"));
            }
            let gauges = Gauges::find(&board, identity);
            device.sensors.extend(sensors.descriptors().iter().chain(gauges.descriptors()).cloned());
            self.readable.push(Readable { board, sensors, gauges });
        }
        self.devices.push(device);
    }

    /// A visible board is in no figure: that must be known wherever another one is.
    fn miss(&mut self, status: SourceStatus) {
        let hint = match &status {
            SourceStatus::NotPermitted { fix, .. } => fix.clone(),
            _ => "leave the board out with `CUDA_VISIBLE_DEVICES` if it takes no part in the run".to_owned(),
        };
        let message = format!("{}: its energy is missing from every figure", status.reason());
        self.findings.push(Finding::new(FindingCode::DeviceUnreadable, Severity::Warning, message).with_hint(hint));
        self.trouble.get_or_insert(status);
    }

    fn are_unlike(&self) -> bool {
        self.devices.iter().map(|device| &device.name).collect::<BTreeSet<_>>().len() > 1
    }

    fn warn_of_order(&mut self) {
        for device in self.devices.iter_mut().filter(|device| device.visible) {
            device.facts.push(fact("chosen by", "an index of the PCI order, which is CUDA's order only with CUDA_DEVICE_ORDER=PCI_BUS_ID"));
        }
    }

    fn into_probe(self, setting: Option<&str>) -> Probe {
        let Self { readable, devices, findings, trouble } = self;
        if readable.is_empty() {
            let hidden = || {
                let setting = setting.unwrap_or_default();
                SourceStatus::Absent(format!("CUDA_VISIBLE_DEVICES=\"{setting}\" hides every NVIDIA board ({} there)", devices.len()))
            };
            return Probe { status: trouble.unwrap_or_else(hidden), source: None, devices, findings };
        }
        Probe { status: SourceStatus::Works, source: Some(Box::new(NvidiaBoards(readable))), devices, findings }
    }
}

/// Whether `CUDA_VISIBLE_DEVICES` counts boards instead of naming them.
fn names_by_index(setting: Option<&str>) -> bool {
    setting.is_some_and(|setting| setting.split(',').any(|entry| entry.trim().parse::<usize>().is_ok()))
}

/// The boards that can be read.
struct NvidiaBoards(Vec<Readable>);

impl Source for NvidiaBoards {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError> {
        let readers = |one: &Readable| [one.sensors.reader(&one.board), one.gauges.reader(&one.board)];
        Ok(self.0.iter().flat_map(readers).collect())
    }
}
