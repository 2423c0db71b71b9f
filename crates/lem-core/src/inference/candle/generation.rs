//! From a prepared workload to tokens: what runs inside the measured window, and nothing else.

use super::engine::Room;
use super::index::index;
use crate::inference::cpu::{Decoder, Pool, Run, Segment, Span};
use crate::inference::executed::Executed;
use crate::inference::sampling::{Chosen, Sampler, SamplingRules};
use lem_domain::protocol::{PreparedWorkload, RunControl, RunOutput};
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenEventKind};
use std::ops::Range;

/// Prompt tokens of one pass: products gain nothing beyond a few hundred rows, while the memory of a pass grows.
pub(super) const PREFILL_CHUNK: usize = 512;

/// A run in progress.
pub(super) struct Generation<'a> {
    decoder: &'a Decoder,
    pool: &'a mut Pool,
    room: &'a mut Room,
    rules: SamplingRules<'a>,
    workload: &'a PreparedWorkload,
    events: &'a mut EventBuffer,
    control: RunControl<'a>,
    executed: Executed,
    output: RunOutput,
    /// Requests of a pass; reused.
    spans: Vec<Span>,
}

/// A request that is running.
struct Running<'a> {
    request: usize,
    /// Its row in the cache.
    row: usize,
    sampler: Sampler<'a>,
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
    /// Sets a run up; there must be room for every batch.
    pub(super) fn new(
        (decoder, pool, room): (&'a Decoder, &'a mut Pool, &'a mut Room),
        rules: SamplingRules<'a>,
        workload: &'a PreparedWorkload,
        events: &'a mut EventBuffer,
        control: RunControl<'a>,
    ) -> Self {
        let requests = workload.requests.len();
        let longest = index(rules.limits.max_output);
        let output = RunOutput {
            finish: vec![None; requests],
            tokens: workload.requests.iter().map(|_| Vec::with_capacity(longest)).collect(),
            padding: vec![0; requests],
            executed: None,
        };
        let largest = workload.batches.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        let spans = Vec::with_capacity(largest);
        Self { decoder, pool, room, rules, workload, events, control, executed: Executed::default(), output, spans }
    }

    /// Runs all batches, or those up to an interrupt.
    pub(super) fn run(mut self) -> RunOutput {
        for batch in &self.workload.batches {
            if self.control.interrupt.is_raised() || self.batch(batch.clone()) == Flow::Stop {
                break;
            }
        }
        self.output.executed = Some(self.executed.breakdown());
        self.output
    }

    fn batch(&mut self, batch: Range<usize>) -> Flow {
        let release = self.control.clock.now();
        for request in batch.clone() {
            self.events.push(position(request), release, TokenEventKind::Arrived);
            self.events.push(position(request), release, TokenEventKind::Scheduled);
        }
        let mut running: Vec<Running<'_>> = batch.enumerate().map(|(row, request)| self.start(row, request)).collect();
        running.iter().for_each(|running| self.room.cache.truncate(running.row, 0));

        if self.prefill(&mut running) == Flow::Stop {
            return self.stop(&running);
        }
        while !running.is_empty() {
            if self.control.interrupt.is_raised() {
                return self.stop(&running);
            }
            let segments: Vec<_> = running.iter().map(|running| Segment { row: running.row, tokens: &running.next }).collect();
            self.pass(&segments);
            self.choose(&mut running);
        }
        Flow::Continue
    }

    /// Runs new tokens; the residual stream stays in the workspace.
    fn pass(&mut self, segments: &[Segment<'_>]) {
        let Room { cache, workspace } = &mut *self.room;
        let mut run = Run { pool: self.pool, workspace, cache, executed: &mut self.executed };
        self.decoder.run(segments, &mut self.spans, &mut run);
    }

    fn start(&self, row: usize, request: usize) -> Running<'a> {
        let sampler = Sampler::new(self.rules, position(request).0, &self.workload.requests[request].tokens);
        Running { request, row, sampler, next: [0] }
    }

    /// Runs the prompts, as many of them in a pass as it has room for and none of them padded, and chooses the first token
    /// of each as soon as its prompt has been run.
    fn prefill(&mut self, running: &mut Vec<Running<'_>>) -> Flow {
        let workload = self.workload;
        let mut segments = Vec::with_capacity(running.len());
        let mut done = 0;
        while done < running.len() {
            if self.control.interrupt.is_raised() {
                return Flow::Stop;
            }
            segments.clear();
            let mut room = PREFILL_CHUNK;
            let mut complete = 0;
            for Running { request, row, .. } in &running[done..] {
                let rest = &workload.requests[*request].tokens[self.room.cache.length(*row)..];
                let tokens = &rest[..rest.len().min(room)];
                if tokens.is_empty() {
                    break;
                }
                segments.push(Segment { row: *row, tokens });
                room -= tokens.len();
                complete += usize::from(tokens.len() == rest.len());
            }
            self.pass(&segments);
            self.sample(&mut running[done..done + complete]);
            done += complete;
        }
        running.retain(|running| self.output.finish[running.request].is_none());
        Flow::Continue
    }

    /// Chooses the next token of each running request, and drops those that are done.
    fn choose(&mut self, running: &mut Vec<Running<'_>>) {
        self.sample(running);
        running.retain(|running| self.output.finish[running.request].is_none());
    }

    /// Chooses the next token of those requests that the last pass began with.
    fn sample(&mut self, running: &mut [Running<'_>]) {
        let Room { cache, workspace } = &mut *self.room;
        let mut run = Run { pool: self.pool, workspace, cache, executed: &mut self.executed };
        let last = self.spans[..running.len()].iter().map(|span| span.first + span.tokens - 1);
        let logits = self.decoder.logits(last, &mut run);
        let vocabulary = self.decoder.architecture().vocabulary;
        for (running, logits) in running.iter_mut().zip(logits.chunks_exact_mut(vocabulary)) {
            let Chosen { token, finish: reason } = running.sampler.choose(logits);
            self.events.push(position(running.request), self.control.clock.now(), TokenEventKind::Tokens { count: 1 });
            self.output.tokens[running.request].push(token);
            running.next = [token];
            if let Some(reason) = reason {
                finish(self.events, &mut self.output, self.control, running.request, reason);
            }
        }
    }

    fn stop(&mut self, running: &[Running<'_>]) -> Flow {
        for running in running {
            if self.output.finish[running.request].is_none() {
                finish(self.events, &mut self.output, self.control, running.request, FinishReason::Interrupted);
            }
        }
        Flow::Stop
    }
}

fn finish(events: &mut EventBuffer, output: &mut RunOutput, control: RunControl<'_>, request: usize, reason: FinishReason) {
    events.push(position(request), control.clock.now(), TokenEventKind::Finished(reason));
    output.finish[request] = Some(reason);
    control.progress.advance(1);
}

fn position(request: usize) -> RequestIndex {
    RequestIndex(u32::try_from(request).expect("a workload has fewer than 2^32 requests"))
}
