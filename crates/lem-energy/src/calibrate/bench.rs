//! The devices under calibration, and meters that read them and nothing else, at a rate of one's choice.

use crate::EnergyError;
use crate::machine::Machine;
use crate::sampler::ThreadedSession;
use crate::source::{Preferences, Reader};
use crate::survey::{self, Device, Survey, survey};
use lem_domain::protocol::{EnergyBackend, EnergySession, SeamError};
use lem_domain::sensor::{SamplerCost, SensorDescriptor, SensorIndex, SensorRecord, SensorSample};
use lem_domain::spec::EnergySource;
use lem_domain::{Clock, DeviceId};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often a meter reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As a run does that knows nothing of the sensors: all of them on one thread.
    Usual,
    /// As fast as they go, each device on a thread of its own, so that none waits for another.
    Dense,
    /// Often enough to see when the load changed, each device on a thread of its own.
    Steps,
}

/// Time between two reads: a quarter of the shortest update period that is known, that of RAPL.
const DENSE_INTERVAL: Duration = Duration::from_micros(250);

/// Between the two times that an update of a power may have come from; a step of the load is known no better.
const STEPS_INTERVAL: Duration = Duration::from_millis(2);

impl Rate {
    fn interval(self) -> Option<Duration> {
        match self {
            Self::Usual => None,
            Self::Dense => Some(DENSE_INTERVAL),
            Self::Steps => Some(STEPS_INTERVAL),
        }
    }
}

/// The devices that are to be calibrated.
pub struct Bench {
    machine: Machine,
    devices: Vec<Device>,
}

impl Bench {
    /// The chosen devices of a machine, or all of them when none is named. A choice is a device's identity or its
    /// beginning, a source such as `nvml`, or a source with an index such as `nvml:0`. What is estimated is no sensor.
    ///
    /// # Errors
    /// When a choice meets no device, and when there is no sensor at all.
    pub fn find(machine: &Machine, chosen: &[String]) -> Result<Self, EnergyError> {
        // What earlier calibration found must not lead this one.
        let survey = survey(machine, Vec::new());
        let devices: Vec<Device> = survey.devices.iter().filter(|device| can_be_calibrated(device)).cloned().collect();
        if devices.is_empty() {
            return Err(EnergyError::NothingToCalibrate { reasons: reasons(&survey) });
        }
        for choice in chosen {
            if !devices.iter().any(|device| meets(device, choice)) {
                let known = devices.iter().map(name).collect::<Vec<_>>().join(", ");
                return Err(EnergyError::NoSuchDevice { choice: choice.clone(), known });
            }
        }
        let is_chosen = |device: &Device| chosen.is_empty() || chosen.iter().any(|choice| meets(device, choice));
        Ok(Self { machine: machine.clone(), devices: devices.into_iter().filter(is_chosen).collect() })
    }

    /// The devices.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Whether none of them is an accelerator, so that work of the processor reaches all of their sensors.
    #[must_use]
    pub fn is_of_processors(&self) -> bool {
        self.devices.iter().all(|device| device.source == EnergySource::Rapl)
    }

    /// A meter of their sensors, without gauges.
    #[must_use]
    pub fn meter(&self, rate: Rate, clock: &Arc<dyn Clock>) -> Box<dyn EnergyBackend> {
        let devices = self.devices.iter().map(|device| device.id.clone()).collect();
        let sources = self.devices.iter().map(|device| device.source).collect();
        Box::new(BenchMeter { machine: self.machine.clone(), sources, devices, rate, clock: Arc::clone(clock) })
    }
}

fn can_be_calibrated(device: &Device) -> bool {
    let is_measured = !matches!(device.source, EnergySource::Estimate | EnergySource::Virtual);
    is_measured && device.visible && device.sensors.iter().any(SensorDescriptor::tells_energy)
}

/// A device as it can be chosen.
fn name(device: &Device) -> String {
    let index = device.index.map_or_else(String::new, |index| format!(":{index}"));
    format!("{}{index} ({})", device.source.as_str(), device.id)
}

fn meets(device: &Device, choice: &str) -> bool {
    let source = device.source.as_str();
    let with_index = device.index.map(|index| format!("{source}:{index}"));
    choice == source || with_index.as_deref() == Some(choice) || (!choice.is_empty() && device.id.as_str().starts_with(choice))
}

fn reasons(survey: &Survey) -> String {
    let of_sensors = survey.verdicts.iter().filter(|verdict| verdict.source != EnergySource::Estimate.as_str());
    of_sensors.map(|verdict| format!("{}: {}", verdict.source, verdict.status.reason())).collect::<Vec<_>>().join("; ")
}

struct BenchMeter {
    machine: Machine,
    sources: BTreeSet<EnergySource>,
    devices: BTreeSet<DeviceId>,
    rate: Rate,
    clock: Arc<dyn Clock>,
}

impl BenchMeter {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError> {
        let preferences = Preferences { interval: self.rate.interval(), ..Preferences::default() };
        let mut readers: Vec<Box<dyn Reader>> = Vec::new();
        for &source in &self.sources {
            let probe = survey::probe(source, &self.machine, &preferences);
            let Some(found) = probe.source else { return Err(EnergyError::NotUsable { source_name: source, status: probe.status }) };
            readers.extend(found.readers()?);
        }
        let is_wanted = |sensor: &SensorDescriptor| sensor.tells_energy() && self.devices.contains(&sensor.device);
        readers.retain(|reader| reader.descriptors().iter().any(is_wanted));
        Ok(readers)
    }
}

impl EnergyBackend for BenchMeter {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let readers = self.readers()?;
        let start = |readers| ThreadedSession::start(readers, Vec::new(), Arc::clone(&self.clock), None);
        if self.rate == Rate::Usual {
            return Ok(Box::new(start(readers)?));
        }
        let sessions = readers.into_iter().map(|reader| start(vec![reader])).collect::<Result<_, _>>()?;
        Ok(Box::new(SideBySide(sessions)))
    }
}

/// Several sessions as one.
struct SideBySide(Vec<ThreadedSession>);

impl EnergySession for SideBySide {
    fn read_edge(&mut self) {
        self.0.iter_mut().for_each(EnergySession::read_edge);
    }

    fn margin(&self) -> Duration {
        self.0.iter().map(EnergySession::margin).max().unwrap_or_default()
    }

    fn drain(&mut self, record: &mut SensorRecord) {
        let drained = self.0.iter_mut().map(|session| {
            let mut part = SensorRecord::default();
            session.drain(&mut part);
            part
        });
        *record = joined(drained);
    }

    fn stop(self: Box<Self>) -> Result<SensorRecord, SeamError> {
        let parts = self.0.into_iter().map(|session| Box::new(session).stop()).collect::<Result<Vec<_>, _>>()?;
        Ok(joined(parts))
    }
}

/// One record of several, whose sensors are numbered on.
fn joined(parts: impl IntoIterator<Item = SensorRecord>) -> SensorRecord {
    let mut whole = SensorRecord::default();
    for part in parts {
        let first = whole.sensors.len();
        let renumbered = |sample: SensorSample| SensorSample { sensor: SensorIndex::of(first + usize::from(sample.sensor.0)), ..sample };
        whole.samples.extend(part.samples.into_iter().map(renumbered));
        whole.sensors.extend(part.sensors);
        whole.sources.extend(part.sources);
        whole.cost = SamplerCost {
            ticks: whole.cost.ticks + part.cost.ticks,
            missed_ticks: whole.cost.missed_ticks + part.cost.missed_ticks,
            ..SamplerCost::default()
        };
    }
    whole
}
