//! From a spec to concrete things: the one place that names engines, meters and clocks.

use crate::data_folder::data_folder;
use crate::launch::EngineLauncher;
use lem_config::Metering;
use lem_core::inference::candle::CandleLoader;
use lem_core::inference::server::{Attach, ServerLoader};
use lem_core::inference::simulated::VirtualLoader;
use lem_domain::backend::Backend;
use lem_domain::profile::BoardProfile;
use lem_domain::protocol::{EnergyBackend, Fault, Forgetful, ModelLoader, ProfileStore, SeamError};
use lem_domain::spec::{EnergyLaw, ExperimentSpec, Launch, VirtualClockChoice};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::{VirtualClock, World};
use lem_domain::{Clock, Finding, FindingCode, HostClock, Severity};
use lem_energy::{Machine, SamplerKind, Surroundings};
use lem_results::ProfileFolder;
use std::sync::Arc;

/// The parts a measurement runs on.
pub(crate) struct Wiring {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loader: Box<dyn ModelLoader>,
    pub(crate) meter: Box<dyn EnergyBackend>,
    pub(crate) profiles: Box<dyn ProfileStore>,
    /// What the choice of parts alone already tells.
    pub(crate) findings: Vec<Finding>,
}

/// Chooses the parts that a spec asks for.
pub(crate) fn wire(spec: &ExperimentSpec, launcher: EngineLauncher) -> Result<Wiring, SeamError> {
    let simulated_time = spec.backend == Backend::Virtual && spec.virtual_machine.clock == VirtualClockChoice::Virtual;
    let (clock, sampler): (Arc<dyn Clock>, _) =
        if simulated_time { (Arc::new(VirtualClock::new()), SamplerKind::Stepped) } else { (Arc::new(HostClock), SamplerKind::Threaded) };
    let world = (spec.backend == Backend::Virtual).then(|| Arc::new(World::new(spec.virtual_machine.law)));
    let loader = loader(spec, world.as_ref(), launcher)?;
    let profiles = profile_store();
    let (known, unreadable) = known_boards(&*profiles);
    let surroundings = Surroundings {
        backend: spec.backend,
        clock: Arc::clone(&clock),
        sampler,
        world,
        machine: Machine::this(),
        profiles: known,
        engine_threads: engine_threads(spec),
    };
    let meter = lem_energy::open(&spec.energy, surroundings)?;
    Ok(Wiring { clock, loader, meter: meter.backend, profiles, findings: unreadable.into_iter().chain(meter.findings).collect() })
}

/// What loads the model for a backend.
fn loader(spec: &ExperimentSpec, world: Option<&Arc<World>>, launcher: EngineLauncher) -> Result<Box<dyn ModelLoader>, SeamError> {
    let launch = spec.server.as_ref().map(|server| &server.launch);
    match (spec.backend, world, launch) {
        (Backend::Virtual, Some(world), _) => Ok(Box::new(VirtualLoader::new(Arc::clone(world)))),
        (Backend::Candle, ..) => Ok(Box::new(CandleLoader::new())),
        (_, _, Some(Launch::Attach { .. })) => Ok(Box::new(ServerLoader::new(Box::new(Attach)))),
        (_, _, Some(_)) => Ok(Box::new(ServerLoader::new(Box::new(launcher)))),
        (backend, _, None) => {
            Err(SeamError::new(Fault::Usage, format!("nothing says how the server of `backend: {backend}` comes to run")))
        }
    }
}

/// A meter by itself.
pub(crate) struct Metered {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) meter: Box<dyn EnergyBackend>,
    /// What must be known of every figure from it.
    pub(crate) findings: Vec<Finding>,
}

/// A meter of this machine, or of a simulated one that draws constant power in real time.
pub(crate) fn meter(metering: &Metering) -> Result<Metered, SeamError> {
    let clock: Arc<dyn Clock> = Arc::new(HostClock);
    let world = metering.virtual_power.map(|power| Arc::new(World::new(constant(power))));
    let (profiles, unreadable) = known_profiles();
    let surroundings = Surroundings {
        // `auto` means the sensors of this machine; the simulated ones are there when they are named.
        backend: Backend::Candle,
        clock: Arc::clone(&clock),
        sampler: SamplerKind::Threaded,
        world,
        machine: Machine::this(),
        profiles,
        engine_threads: None,
    };
    let opened = lem_energy::open(&metering.energy, surroundings)?;
    Ok(Metered { clock, meter: opened.backend, findings: unreadable.into_iter().chain(opened.findings).collect() })
}

fn constant(static_power: Watts) -> EnergyLaw {
    let nothing = Joules::new(0.0);
    EnergyLaw { static_power, prefill_token: nothing, output_token: nothing, context_token: nothing }
}

/// Threads that the engine computes with. Left to candle, it takes every physical core; the virtual machine computes nothing,
/// so that its sampler needs no place of its own.
fn engine_threads(spec: &ExperimentSpec) -> Option<u32> {
    match spec.backend {
        Backend::Candle => spec.candle.threads,
        // A server has threads of its own, which this process does not choose.
        _ => None,
    }
}

/// What is known of this machine's sensors. A user without a home has no place to keep it.
fn profile_store() -> Box<dyn ProfileStore> {
    match profile_folder() {
        Some(folder) => Box::new(folder),
        None => Box::new(Forgetful),
    }
}

/// Where profiles are kept; `None` for a user without a home.
pub(crate) fn profile_folder() -> Option<ProfileFolder> {
    data_folder().map(ProfileFolder::new)
}

/// The calibrated boards of this machine, for a command that looks and does not measure.
pub(crate) fn known_profiles() -> (Vec<BoardProfile>, Option<Finding>) {
    known_boards(&*profile_store())
}

/// The calibrated boards. Without them sensors are assumed to be as their makers say, which ends no run.
fn known_boards(profiles: &dyn ProfileStore) -> (Vec<BoardProfile>, Option<Finding>) {
    match profiles.load_profiles() {
        Ok(known) => (known, None),
        Err(error) => {
            let hint = error.hint.clone();
            let why = anyhow::Error::from(error);
            let message = format!("the sensor profiles of this machine could not be read, so no calibration was used: {why:#}");
            let finding = Finding::new(FindingCode::ProfileStoreFailed, Severity::Warning, message);
            (Vec::new(), Some(hint.into_iter().fold(finding, Finding::with_hint)))
        }
    }
}
