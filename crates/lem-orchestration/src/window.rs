//! The measured window. Nothing but inference happens inside it.

use lem_domain::TimeWindow;
use lem_domain::protocol::{EnergySession, InferenceEngine, PreparedWorkload, RunControl, RunOutput, SeamError};
use lem_domain::spec::ExperimentSpec;
use lem_domain::token::{EventBuffer, TokenEvent};

/// What came out of the window: always the events, and the engine's own account unless it failed.
pub(crate) struct Measured {
    pub(crate) window: TimeWindow,
    pub(crate) events: Vec<TokenEvent>,
    pub(crate) outgrew_its_buffer: bool,
    pub(crate) output: Result<RunOutput, SeamError>,
}

/// Opens the window, runs, closes it. Sensors are read just outside both edges, so that their samples bracket it.
pub(crate) fn measure(
    engine: &mut dyn InferenceEngine,
    session: &mut dyn EnergySession,
    workload: &PreparedWorkload,
    spec: &ExperimentSpec,
    control: RunControl<'_>,
) -> Result<Measured, SeamError> {
    let mut events = EventBuffer::for_plan(workload.requests.len(), crate::warmup::count(spec.limits.max_output));
    engine.synchronize()?;
    session.read_edge();
    let start = control.clock.now();
    let output = engine.run(workload, spec, &mut events, control);
    let synchronized = engine.synchronize();
    let end = control.clock.now();
    session.read_edge();
    Ok(Measured {
        window: TimeWindow { start, end },
        outgrew_its_buffer: events.has_grown(),
        events: events.into_events(),
        output: output.and_then(|output| synchronized.map(|()| output)),
    })
}
