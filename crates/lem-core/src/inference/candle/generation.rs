//! From a prepared workload to tokens: what runs inside the measured window, and nothing else.

use super::EngineError;
use super::decoder::{Decoder, Segment};
use super::executed::Executed;
use super::index::index;
use super::kv_cache::KvCache;
use crate::inference::sampling::Sampler;
use candle_core::{Storage, Tensor};
use lem_domain::protocol::{PreparedRequest, PreparedWorkload, RunControl, RunOutput};
use lem_domain::spec::ExperimentSpec;
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenEventKind};
use std::ops::Range;

/// Prompt tokens of one pass. Scores take `heads × chunk × context` values, so this bounds their memory; the products
/// gain nothing beyond a few hundred rows.
pub(super) const PREFILL_CHUNK: usize = 512;

/// A run in progress.
pub(super) struct Generation<'a> {
    decoder: &'a Decoder,
    cache: &'a mut KvCache,
    /// Tokens that end a text.
    ends: &'a [u32],
    workload: &'a PreparedWorkload,
    spec: &'a ExperimentSpec,
    events: &'a mut EventBuffer,
    control: RunControl<'a>,
    executed: Executed,
    output: RunOutput,
    /// Logits of one position; reused.
    logits: Vec<f32>,
}

/// A request that is running.
struct Running {
    request: usize,
    /// Its row in the cache.
    row: usize,
    sampler: Sampler,
    /// The token that was chosen last and has not been run.
    next: [u32; 1],
}

/// Whether a run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

impl<'a> Generation<'a> {
    /// Sets a run up; the cache must have room for every batch.
    pub(super) fn new(
        decoder: &'a Decoder,
        cache: &'a mut KvCache,
        ends: &'a [u32],
        (workload, spec): (&'a PreparedWorkload, &'a ExperimentSpec),
        events: &'a mut EventBuffer,
        control: RunControl<'a>,
    ) -> Self {
        let requests = workload.requests.len();
        let longest = index(spec.limits.max_output);
        let output = RunOutput {
            finish: vec![None; requests],
            tokens: workload.requests.iter().map(|_| Vec::with_capacity(longest)).collect(),
            padding: vec![0; requests],
            executed: None,
        };
        let logits = vec![0.0; decoder.config().vocabulary];
        Self { decoder, cache, ends, workload, spec, events, control, executed: Executed::default(), output, logits }
    }

    /// Runs all batches, or those up to an interrupt.
    pub(super) fn run(mut self) -> Result<RunOutput, EngineError> {
        for batch in &self.workload.batches {
            if self.control.interrupt.is_raised() || self.batch(batch.clone())? == Flow::Stop {
                break;
            }
        }
        self.output.executed = Some(self.executed.breakdown());
        Ok(self.output)
    }

    fn batch(&mut self, batch: Range<usize>) -> Result<Flow, EngineError> {
        let release = self.control.clock.now();
        for request in batch.clone() {
            self.events.push(position(request), release, TokenEventKind::Arrived);
            self.events.push(position(request), release, TokenEventKind::Scheduled);
        }
        self.cache.clear();
        let mut running: Vec<Running> = batch.enumerate().map(|(row, request)| self.start(row, request)).collect();

        let Some(states) = self.prefill(&running)? else { return Ok(self.stop(&running)) };
        self.choose(&mut running, &states)?;
        while !running.is_empty() {
            if self.control.interrupt.is_raised() {
                return Ok(self.stop(&running));
            }
            let segments: Vec<_> = running.iter().map(|running| Segment { row: running.row, tokens: &running.next }).collect();
            let states = self.decoder.hidden_states(&segments, self.cache, &mut self.executed)?;
            self.choose(&mut running, &states)?;
        }
        Ok(Flow::Continue)
    }

    fn start(&self, row: usize, request: usize) -> Running {
        let sampler = Sampler::new(self.spec.sampling, self.spec.seed, position(request).0);
        Running { request, row, sampler, next: [0] }
    }

    /// Runs the prompts one by one, without padding, and gives the last state of each: one product with the head then
    /// serves the whole batch. `None` after an interrupt.
    fn prefill(&mut self, running: &[Running]) -> Result<Option<Tensor>, EngineError> {
        let mut last_states = Vec::with_capacity(running.len());
        for &Running { request, row, .. } in running {
            let PreparedRequest { tokens, .. } = &self.workload.requests[request];
            for tokens in tokens.chunks(PREFILL_CHUNK) {
                if self.control.interrupt.is_raised() {
                    return Ok(None);
                }
                let states = self.decoder.hidden_states(&[Segment { row, tokens }], self.cache, &mut self.executed)?;
                if self.cache.length(row) == self.workload.requests[request].tokens.len() {
                    last_states.push(states.narrow(0, tokens.len() - 1, 1)?);
                }
            }
        }
        Ok(Some(Tensor::cat(&last_states, 0)?))
    }

    /// Chooses the next token of each running request from its state, and drops those that are done.
    fn choose(&mut self, running: &mut Vec<Running>, states: &Tensor) -> Result<(), EngineError> {
        let logits = self.decoder.logits(states, &mut self.executed)?;
        for (row, running) in running.iter_mut().enumerate() {
            copy_row(&logits, row, &mut self.logits)?;
            let produced = self.output.tokens[running.request].len();
            if produced < index(self.spec.limits.min_output) {
                for &end in self.ends {
                    self.logits[index(end)] = f32::NEG_INFINITY;
                }
            }
            let token = running.sampler.sample(&mut self.logits);
            self.events.push(position(running.request), self.control.clock.now(), TokenEventKind::Tokens { count: 1 });
            self.output.tokens[running.request].push(token);
            running.next = [token];
            if self.ends.contains(&token) {
                self.finish(running.request, FinishReason::EndOfSequence);
            } else if produced + 1 >= index(self.spec.limits.max_output) {
                self.finish(running.request, FinishReason::Length);
            }
        }
        running.retain(|running| self.output.finish[running.request].is_none());
        Ok(())
    }

    fn finish(&mut self, request: usize, reason: FinishReason) {
        self.events.push(position(request), self.control.clock.now(), TokenEventKind::Finished(reason));
        self.output.finish[request] = Some(reason);
        self.control.progress.advance(1);
    }

    fn stop(&mut self, running: &[Running]) -> Flow {
        running.iter().for_each(|running| self.finish(running.request, FinishReason::Interrupted));
        Flow::Stop
    }
}

/// Copies one row of `[rows, width]` into a buffer of that width.
fn copy_row(tensor: &Tensor, row: usize, buffer: &mut [f32]) -> Result<(), EngineError> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { unreachable!("this engine's tensors are on the CPU") };
    let start = layout.start_offset() + row * buffer.len();
    buffer.copy_from_slice(&storage.as_slice::<f32>()?[start..start + buffer.len()]);
    Ok(())
}

fn position(request: usize) -> RequestIndex {
    RequestIndex(u32::try_from(request).expect("a workload has fewer than 2^32 requests"))
}
