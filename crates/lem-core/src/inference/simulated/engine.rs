//! Playing the law of the parent module on a clock.

use super::SimulationError;
use crate::inference::batching;
use lem_domain::backend::Backend;
use lem_domain::protocol::{InferenceEngine, PreparedRequest, PreparedWorkload, Prompt, PromptContent, RunControl, RunOutput, SeamError};
use lem_domain::record::{EngineFacts, MemoryFacts, ModelFacts};
use lem_domain::spec::{EnergyLaw, ExperimentSpec, VirtualSpec};
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenEventKind};
use lem_domain::units::{Joules, Tokens, Unit};
use lem_domain::world::World;
use lem_domain::{TimeWindow, Timestamp};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Durations of the steps; both are positive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    ttft: Duration,
    itl: Duration,
}

impl Pace {
    pub(super) fn new(machine: VirtualSpec) -> Result<Self, SimulationError> {
        for (field, duration) in [("ttft", machine.ttft), ("itl", machine.itl)] {
            if duration.is_zero() {
                return Err(SimulationError::NoDuration { field });
            }
        }
        Ok(Self { ttft: machine.ttft, itl: machine.itl })
    }

    /// Duration of the step that makes output token `step`, counted from 1.
    fn of_step(self, step: u32) -> Duration {
        if step == 1 { self.ttft } else { self.itl }
    }
}

/// Dynamic energy of the step that makes output token `step`, counted from 1, for `rows` requests with `prompt` prompt
/// tokens in total.
fn step_energy(law: &EnergyLaw, rows: u64, prompt: u64, step: u32) -> Joules {
    let context = prompt + rows * u64::from(step - 1);
    let prefill = if step == 1 { prompt } else { 0 };
    law.prefill_token * Tokens::new(prefill).value()
        + law.output_token * Tokens::new(rows).value()
        + law.context_token * Tokens::new(context).value()
}

/// An engine that computes nothing and takes exactly the time and energy it is told to.
pub(super) struct VirtualEngine {
    world: Arc<World>,
    pace: Pace,
    engine: EngineFacts,
    model: ModelFacts,
}

impl VirtualEngine {
    pub(super) fn new(world: Arc<World>, pace: Pace, reference: &str) -> Self {
        let engine = EngineFacts {
            backend: Backend::Virtual,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: "virtual".to_owned(),
            kernel: "none: time and energy follow the law of the configuration".to_owned(),
            threads: None,
        };
        let model = ModelFacts {
            reference: reference.to_owned(),
            name: None,
            architecture: "virtual".to_owned(),
            revision: None,
            weights_sha256: None,
            tokenizer_sha256: None,
            weight_types: "none".to_owned(),
            adapter: None,
            quantization: None,
            parameters: None,
            shape: None,
        };
        Self { world, pace, engine, model }
    }

    /// Runs one batch; says why its requests ended.
    fn run_batch(
        &self,
        batch: Range<usize>,
        prompt_tokens: u64,
        max_output: u32,
        output: &mut RunOutput,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> FinishReason {
        let law = self.world.law();
        let rows = count(batch.len());
        let mut now = control.clock.now();
        record(events, batch.clone(), now, TokenEventKind::Arrived);
        record(events, batch.clone(), now, TokenEventKind::Scheduled);
        for step in 1..=max_output {
            if control.interrupt.is_raised() {
                record(events, batch, now, TokenEventKind::Finished(FinishReason::Interrupted));
                return FinishReason::Interrupted;
            }
            let end = now.after(self.pace.of_step(step));
            self.world.spend(TimeWindow { start: now, end }, step_energy(&law, rows, prompt_tokens, step));
            control.clock.sleep_until(end);
            now = end;
            record(events, batch.clone(), now, TokenEventKind::Tokens { count: 1 });
            output.tokens[batch.clone()].iter_mut().for_each(|tokens| tokens.push(step - 1));
        }
        record(events, batch, now, TokenEventKind::Finished(FinishReason::Length));
        control.progress.advance(rows);
        FinishReason::Length
    }
}

impl InferenceEngine for VirtualEngine {
    fn engine(&self) -> &EngineFacts {
        &self.engine
    }

    fn model(&self) -> &ModelFacts {
        &self.model
    }

    /// Nothing is held, and the memory of this process is not the memory of the simulated machine.
    fn memory(&self) -> MemoryFacts {
        MemoryFacts::default()
    }

    fn prepare(&mut self, prompts: &[Prompt], spec: &ExperimentSpec) -> Result<PreparedWorkload, SeamError> {
        let requests: Vec<PreparedRequest> = prompts.iter().map(|prompt| prepare(prompt, spec.limits.max_input)).collect();
        let lengths: Vec<usize> = requests.iter().map(|request| request.tokens.len()).collect();
        let plan = batching::plan(&lengths, &spec.batching, spec.limits.max_input);
        let requests = plan.order.iter().map(|&request| requests[request].clone()).collect();
        Ok(PreparedWorkload { requests, batches: plan.batches, ..PreparedWorkload::default() })
    }

    fn synchronize(&mut self) -> Result<(), SeamError> {
        Ok(())
    }

    fn run(
        &mut self,
        workload: &PreparedWorkload,
        spec: &ExperimentSpec,
        events: &mut EventBuffer,
        control: RunControl<'_>,
    ) -> Result<RunOutput, SeamError> {
        if workload.requests.iter().any(|request| request.arrival.is_some()) {
            return Err(SimulationError::Arrivals.into());
        }
        let n_requests = workload.requests.len();
        let max_output = spec.limits.max_output;
        let capacity = usize::try_from(max_output).expect("an output in memory fits the address space");
        let mut output = RunOutput {
            finish: vec![None; n_requests],
            tokens: std::iter::repeat_with(|| Vec::with_capacity(capacity)).take(n_requests).collect(),
            padding: vec![0; n_requests],
            ..RunOutput::default()
        };
        for batch in &workload.batches {
            if control.interrupt.is_raised() {
                break;
            }
            let prompt_tokens = workload.requests[batch.clone()].iter().map(|request| count(request.tokens.len())).sum();
            let finish = self.run_batch(batch.clone(), prompt_tokens, max_output, &mut output, events, control);
            output.finish[batch.clone()].fill(Some(finish));
        }
        Ok(output)
    }
}

/// Cuts a prompt to `max_input` words. The token ids are the positions of the words; the output tokens go on counting
/// from 0 in the same way, since no text stands behind either.
fn prepare(prompt: &Prompt, max_input: u32) -> PreparedRequest {
    let words = match &prompt.content {
        PromptContent::Text(text) => text.split_whitespace().count(),
        PromptContent::Synthetic { tokens, .. } => usize::try_from(tokens.get()).expect("a prompt in memory fits the address space"),
    };
    let tokens: Vec<u32> = (0..max_input).take(words).collect();
    let truncated_from = (tokens.len() < words).then(|| count(words));
    PreparedRequest { truncated_from, ..PreparedRequest::of(&prompt.id, tokens) }
}

/// Records the same event for every request of a batch.
fn record(events: &mut EventBuffer, batch: Range<usize>, at: Timestamp, kind: TokenEventKind) {
    for position in batch {
        let request = u32::try_from(position).expect("a workload has fewer than 2^32 requests");
        events.push(RequestIndex(request), at, kind);
    }
}

/// A number of things in memory, which fits 64 bits on every platform.
fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
