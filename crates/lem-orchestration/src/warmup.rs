//! Requests that are run and thrown away, so that caches, clocks and allocators have settled.

use lem_domain::TimeWindow;
use lem_domain::protocol::{InferenceEngine, Prompt, RunControl, SeamError};
use lem_domain::record::WarmupFacts;
use lem_domain::spec::{ExperimentSpec, TokenLimits, TrafficSpec};
use lem_domain::token::EventBuffer;

/// Runs the asked number of full-length requests, repeating prompts when there are fewer.
pub(crate) fn warm_up(
    engine: &mut dyn InferenceEngine,
    prompts: &[Prompt],
    spec: &ExperimentSpec,
    control: RunControl<'_>,
) -> Result<Option<WarmupFacts>, SeamError> {
    let requests = spec.warmup.requests;
    if requests == 0 {
        return Ok(None);
    }
    let chosen: Vec<Prompt> = prompts.iter().cycle().take(count(requests)).cloned().collect();
    // They come at once: waiting for arrivals would warm nothing.
    let limits = TokenLimits { min_output: spec.limits.max_output, ..spec.limits };
    let full_length = ExperimentSpec { limits, traffic: TrafficSpec::default(), ..spec.clone() };
    let workload = engine.prepare(&chosen, &full_length)?;
    let mut thrown_away = EventBuffer::for_plan(workload.requests.len(), count(spec.limits.max_output));
    let start = control.clock.now();
    let output = engine.run(&workload, &full_length, &mut thrown_away, control)?;
    engine.synchronize()?;
    let end = control.clock.now();
    let output = engine.settle(output, &mut thrown_away)?;
    let finished = output.finish.iter().flatten().filter(|reason| reason.is_success()).count();
    Ok(Some(WarmupFacts { requests: u32::try_from(finished).unwrap_or(u32::MAX), window: TimeWindow { start, end } }))
}

/// A 32-bit count as a length.
pub(crate) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
