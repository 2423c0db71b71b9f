//! From a spec to concrete things: the one place that names engines, meters and clocks.

use lem_core::inference::candle::CandleLoader;
use lem_core::inference::simulated::VirtualLoader;
use lem_domain::backend::Backend;
use lem_domain::protocol::{EnergyBackend, ModelLoader, SeamError};
use lem_domain::spec::{ExperimentSpec, VirtualClockChoice};
use lem_domain::world::{VirtualClock, World};
use lem_domain::{Clock, Finding, HostClock};
use lem_energy::SamplerKind;
use std::sync::Arc;

/// The parts a measurement runs on.
pub(crate) struct Wiring {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loader: Box<dyn ModelLoader>,
    pub(crate) meter: Box<dyn EnergyBackend>,
    /// What the choice of parts alone already tells.
    pub(crate) findings: Vec<Finding>,
}

/// Chooses the parts that a spec asks for.
pub(crate) fn wire(spec: &ExperimentSpec) -> Result<Wiring, SeamError> {
    let simulated_time = spec.backend == Backend::Virtual && spec.virtual_machine.clock == VirtualClockChoice::Virtual;
    let (clock, sampler): (Arc<dyn Clock>, _) =
        if simulated_time { (Arc::new(VirtualClock::new()), SamplerKind::Stepped) } else { (Arc::new(HostClock), SamplerKind::Threaded) };
    let world = (spec.backend == Backend::Virtual).then(|| Arc::new(World::new(spec.virtual_machine.law)));
    let loader: Box<dyn ModelLoader> = match &world {
        Some(world) => Box::new(VirtualLoader::new(Arc::clone(world))),
        None => Box::new(CandleLoader::new()),
    };
    let meter = lem_energy::open(&spec.energy, spec.backend, Arc::clone(&clock), sampler, world)?;
    Ok(Wiring { clock, loader, meter: meter.backend, findings: meter.findings })
}
