//! The measured window. Nothing but inference happens inside it.

use crate::sampling::Sampling;
use lem_domain::TimeWindow;
use lem_domain::protocol::{InferenceEngine, PreparedWorkload, RunControl, RunOutput, SeamError};
use lem_domain::spec::ExperimentSpec;
use lem_domain::token::{EventBuffer, TokenEvent};

/// What came out of the window: always the events, and the engine's own account unless it failed.
pub(crate) struct Measured {
    pub(crate) window: TimeWindow,
    pub(crate) events: Vec<TokenEvent>,
    pub(crate) outgrew_its_buffer: bool,
    pub(crate) output: Result<RunOutput, SeamError>,
}

/// Opens the window, runs, closes it. Sensors are read just outside both edges, so that their samples bracket it, and
/// sampling goes on long enough on both sides for what they show late.
pub(crate) fn measure(
    engine: &mut dyn InferenceEngine,
    sampling: &mut Sampling<'_>,
    workload: &PreparedWorkload,
    spec: &ExperimentSpec,
    control: RunControl<'_>,
) -> Result<Measured, SeamError> {
    let mut events = EventBuffer::for_plan(workload.requests.len(), crate::warmup::count(spec.limits.max_output));
    sampling.lead_in();
    engine.synchronize()?;
    sampling.read_edge();
    let start = control.clock.now();
    let output = engine.run(workload, spec, &mut events, control);
    let synchronized = engine.synchronize();
    let end = control.clock.now();
    sampling.read_edge();
    sampling.run_out();
    let outgrew_its_buffer = events.has_grown();
    let output = output.and_then(|output| synchronized.map(|()| output)).and_then(|output| engine.settle(output, &mut events));
    Ok(Measured { window: TimeWindow { start, end }, outgrew_its_buffer, events: events.into_events(), output })
}
