//! From what was asked for to a meter that can start, with an honest account of what was looked for.

use crate::error::EnergyError;
use crate::machine::Machine;
use crate::meter::{Meter, SamplerKind};
use crate::sampler::spare_cpu;
use crate::simulated::VirtualBoard;
use crate::source::{Preferences, Probe};
use crate::survey;
use lem_domain::backend::Backend;
use lem_domain::profile::BoardProfile;
use lem_domain::protocol::EnergyBackend;
use lem_domain::sensor::{SourceStatus, SourceVerdict};
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec};
use lem_domain::world::World;
use lem_domain::{Boundary, Clock, Finding};
use std::sync::Arc;

/// Where a meter will stand.
pub struct Surroundings {
    /// What runs the model.
    pub backend: Backend,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// How samples are taken in time.
    pub sampler: SamplerKind,
    /// The machine of the virtual backend; `None` for any other.
    pub world: Option<Arc<World>>,
    /// Where the host's sensors are looked for.
    pub machine: Machine,
    /// Profiles of earlier calibration.
    pub profiles: Vec<BoardProfile>,
    /// Threads that the engine computes with, where set. The sampler moves to a core of its own only when more are there.
    pub engine_threads: Option<u32>,
}

/// A meter, and what a reader must know about it before it has run.
pub struct Opened {
    /// Starts sessions.
    pub backend: Box<dyn EnergyBackend>,
    /// What must be known of every figure from it, such as `vm-share` and `generic-power-row`.
    pub findings: Vec<Finding>,
}

/// Finds the sources that a specification asks for and makes a meter of them.
///
/// [`EnergyChoice::Auto`] means the virtual sensors on the virtual backend. Elsewhere it means every sensor that works,
/// and the processor estimate where no sensor covers the processor; what does not work is in the record with its reason.
///
/// # Errors
/// When a source that was named cannot be read here, when a sensor of the host is asked for on simulated time, and when
/// the interval is zero.
pub fn open(spec: &EnergySpec, at: Surroundings) -> Result<Opened, EnergyError> {
    if spec.interval.is_some_and(|interval| interval.is_zero()) {
        return Err(EnergyError::ZeroInterval);
    }
    let preferences = Preferences { interval: spec.interval, cpu_power: spec.cpu_power, profiles: at.profiles.clone() };
    let mut found = Found::default();
    match (&spec.sources, at.backend) {
        (EnergyChoice::Auto, Backend::Virtual) => found.take(EnergySource::Virtual, virtual_board(&at, &preferences)?),
        (EnergyChoice::Auto, _) => {
            for &source in EnergySource::ALL.iter().filter(|source| **source != EnergySource::Virtual) {
                let unneeded = source == EnergySource::Estimate && found.covers_processor;
                let probe =
                    if unneeded { Probe::without(SourceStatus::NotAsked) } else { survey::probe(source, &at.machine, &preferences) };
                found.take(source, probe);
            }
        }
        (EnergyChoice::Only(sources), _) => {
            for &source in sources {
                let probe = named(source, &at, &preferences)?;
                found.take(source, probe);
            }
        }
        (EnergyChoice::None, Backend::Virtual) => found.take(EnergySource::Virtual, Probe::without(SourceStatus::NotAsked)),
        (EnergyChoice::None, _) => {
            for &source in EnergySource::ALL.iter().filter(|source| **source != EnergySource::Virtual) {
                found.take(source, Probe::without(SourceStatus::NotAsked));
            }
        }
    }
    let Found { sources, verdicts, findings, .. } = found;
    let spare_cpu = spare_cpu(&at.machine, at.engine_threads);
    Ok(Opened { backend: Box::new(Meter { sources, verdicts, sampler: at.sampler, spare_cpu, clock: at.clock }), findings })
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    sources: Vec<Box<dyn crate::source::Source>>,
    verdicts: Vec<SourceVerdict>,
    findings: Vec<Finding>,
    /// Whether a working sensor covers the processor, so that estimating it would only add doubt.
    covers_processor: bool,
}

impl Found {
    fn take(&mut self, source: EnergySource, probe: Probe) {
        self.verdicts.push(SourceVerdict { source: source.to_string(), status: probe.status });
        if let Some(working) = probe.source {
            let sensors = probe.devices.iter().flat_map(|device| &device.sensors);
            self.covers_processor |= sensors.into_iter().any(|sensor| holds_processor(sensor.boundary));
            self.sources.push(working);
            self.findings.extend(probe.findings);
        }
    }
}

/// A source that was named must be there.
fn named(source: EnergySource, at: &Surroundings, preferences: &Preferences) -> Result<Probe, EnergyError> {
    if source == EnergySource::Virtual {
        return virtual_board(at, preferences);
    }
    if at.sampler == SamplerKind::Stepped {
        return Err(EnergyError::SimulatedTime { source_name: source });
    }
    let probe = survey::probe(source, &at.machine, preferences);
    if probe.source.is_some() { Ok(probe) } else { Err(EnergyError::NotUsable { source_name: source, status: probe.status }) }
}

fn virtual_board(at: &Surroundings, preferences: &Preferences) -> Result<Probe, EnergyError> {
    let board = VirtualBoard::new(Arc::clone(at.world.as_ref().ok_or(EnergyError::NoWorld)?), preferences);
    Ok(Probe { status: SourceStatus::Works, source: Some(Box::new(board)), devices: Vec::new(), findings: Vec::new() })
}

fn holds_processor(boundary: Boundary) -> bool {
    match boundary {
        Boundary::CpuPackage | Boundary::CpuPackageAndDram | Boundary::Platform | Boundary::Module => true,
        Boundary::Host | Boundary::Node | Boundary::Wall => true,
        Boundary::GpuBoard | Boundary::GpuPartition | Boundary::GpuMemory => false,
        Boundary::Dram | Boundary::CpuCores | Boundary::CpuUncore => false,
    }
}

#[cfg(test)]
mod tests;
