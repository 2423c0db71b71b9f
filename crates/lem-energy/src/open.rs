//! From what was asked for to a meter that can start, with an honest account of what was looked for.

use crate::error::EnergyError;
use crate::estimate::ProcessorEstimate;
use crate::meter::{NoMeter, Sampling, SteppedMeter, ThreadedMeter};
use crate::simulated::VirtualBoard;
use lem_domain::backend::Backend;
use lem_domain::protocol::EnergyBackend;
use lem_domain::sensor::{SourceStatus, SourceVerdict};
use lem_domain::spec::{EnergyChoice, EnergySpec};
use lem_domain::world::World;
use lem_domain::{Clock, Finding};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How samples are taken in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplerKind {
    /// A thread reads at absolute deadlines: for any clock on which time passes by itself.
    Threaded,
    /// Samples are computed when they are looked at: for simulated time, on which only the virtual sensors can be read.
    Stepped,
}

/// A meter, and what a reader must know about it before it has run.
pub struct Opened {
    /// Starts sessions.
    pub backend: Box<dyn EnergyBackend>,
    /// Codes `vm-share` and `generic-power-row`, where the processor estimate is used and they apply.
    pub findings: Vec<Finding>,
}

/// Finds the source that `choice` asks for and makes a meter of it.
///
/// `world` is the machine of the virtual backend and `None` for any other. [`EnergyChoice::Auto`] means the virtual
/// sensors on the virtual backend; elsewhere the processor estimate, and no sensor, with the reason in the record, where
/// that cannot be read.
///
/// # Errors
/// When a source that was named cannot be read here, when a sensor of the host is asked for on simulated time, and when
/// the interval is zero.
pub fn open(
    choice: &EnergySpec,
    backend: Backend,
    clock: Arc<dyn Clock>,
    sampler: SamplerKind,
    world: Option<Arc<World>>,
) -> Result<Opened, EnergyError> {
    open_at(Path::new("/proc"), choice, backend, clock, sampler, world)
}

/// [`open`] with another root of the process file system.
fn open_at(
    proc_root: &Path,
    choice: &EnergySpec,
    backend: Backend,
    clock: Arc<dyn Clock>,
    sampler: SamplerKind,
    world: Option<Arc<World>>,
) -> Result<Opened, EnergyError> {
    if choice.interval.is_zero() {
        return Err(EnergyError::ZeroInterval);
    }
    let sampling = Sampling { clock, interval: choice.interval, sources: Vec::new() };
    let estimate = || match sampler {
        SamplerKind::Threaded => ProcessorEstimate::probe(proc_root, choice.cpu_power),
        SamplerKind::Stepped => Err(EnergyError::SimulatedTime { source_name: ProcessorEstimate::NAME }),
    };
    match (choice.source, backend) {
        (EnergyChoice::Virtual, _) | (EnergyChoice::Auto, Backend::Virtual) => {
            Ok(virtual_board(VirtualBoard::new(world.ok_or(EnergyError::NoWorld)?), sampler, sampling))
        }
        (EnergyChoice::Estimate, _) => Ok(estimated(estimate()?, sampling)),
        (EnergyChoice::Auto, Backend::Candle) => Ok(match estimate() {
            Ok(estimate) => estimated(estimate, sampling),
            Err(error) => without_sensor(ProcessorEstimate::NAME, verdict(&error), sampling),
        }),
        (EnergyChoice::None, Backend::Virtual) => Ok(without_sensor(VirtualBoard::NAME, SourceStatus::NotAsked, sampling)),
        (EnergyChoice::None, Backend::Candle) => Ok(without_sensor(ProcessorEstimate::NAME, SourceStatus::NotAsked, sampling)),
    }
}

fn virtual_board(board: VirtualBoard, sampler: SamplerKind, sampling: Sampling) -> Opened {
    let sampling = sampling.about(VirtualBoard::NAME, SourceStatus::Works);
    let backend: Box<dyn EnergyBackend> = match sampler {
        SamplerKind::Threaded => Box::new(ThreadedMeter { source: board, sampling }),
        SamplerKind::Stepped => Box::new(SteppedMeter { board, sampling }),
    };
    Opened { backend, findings: Vec::new() }
}

fn estimated(estimate: ProcessorEstimate, sampling: Sampling) -> Opened {
    let findings = estimate.findings().to_vec();
    let sampling = sampling.about(ProcessorEstimate::NAME, SourceStatus::Works);
    Opened { backend: Box::new(ThreadedMeter { source: estimate, sampling }), findings }
}

fn without_sensor(source: &str, status: SourceStatus, sampling: Sampling) -> Opened {
    Opened { backend: Box::new(NoMeter { sampling: sampling.about(source, status) }), findings: Vec::new() }
}

impl Sampling {
    fn about(self, source: &str, status: SourceStatus) -> Self {
        Self { sources: vec![SourceVerdict { source: source.to_owned(), status }], ..self }
    }
}

/// Why a source that was looked for is not used.
fn verdict(error: &EnergyError) -> SourceStatus {
    let EnergyError::Unreadable { source, .. } = error else { return SourceStatus::Broken(error.to_string()) };
    let reason = format!("{error}: {source}");
    match source.kind() {
        io::ErrorKind::NotFound => SourceStatus::Absent(reason),
        io::ErrorKind::PermissionDenied => SourceStatus::NotPermitted { reason, fix: error.hint() },
        _ => SourceStatus::Broken(reason),
    }
}

#[cfg(test)]
mod tests;
