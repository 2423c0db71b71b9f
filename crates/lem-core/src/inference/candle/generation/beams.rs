//! Beam search: several continuations of each request at once, of which the most probable one is told.
//!
//! A step keeps the `width` most probable of all continuations of all beams; those that end leave the search
//! (`hypotheses`). `search` takes the steps of one request, this module runs the passes of a batch.
//!
//! A position is computed once in each of the beams, and only the end of the search tells which of them counts: the event
//! of output token i carries the instant of step i.

mod hypotheses;
mod search;

use super::journal::Journal;
use super::{Admission, PREFILL_CHUNK};
use crate::inference::executed::{ByPhase, Phase};
use crate::inference::executor::{DeviceError, Executor, Segment};
use crate::inference::numbers::index;
use crate::inference::sampling::{Sampler, SamplingRules};
use lem_domain::protocol::{PreparedRequest, PreparedWorkload, RunOutput};
use lem_domain::spec::BeamSpec;
use search::Search;

/// A search in progress.
pub(in crate::inference::candle) struct BeamSearch<'a> {
    model: &'a mut dyn Executor,
    rules: SamplingRules<'a>,
    spec: BeamSpec,
    workload: &'a PreparedWorkload,
    admission: Admission<'a>,
    journal: Journal<'a>,
    /// Positions of a pass whose logits are asked for; reused.
    positions: Vec<usize>,
    executed: ByPhase,
}

impl<'a> BeamSearch<'a> {
    /// Sets a search up; the model has room for `width` rows per request of a batch.
    pub(in crate::inference::candle) fn new(
        model: &'a mut dyn Executor,
        (rules, spec): (SamplingRules<'a>, BeamSpec),
        workload: &'a PreparedWorkload,
        admission: Admission<'a>,
        journal: Journal<'a>,
    ) -> Self {
        Self { model, rules, spec, workload, admission, journal, positions: Vec::new(), executed: ByPhase::default() }
    }

    /// Runs all batches, or those up to an interrupt.
    pub(in crate::inference::candle) fn run(mut self) -> Result<RunOutput, DeviceError> {
        loop {
            let mut searches: Vec<Search<'a>> = Vec::new();
            while !self.journal.is_interrupted()
                && let Some(admitted) = self.admission.next(searches.len(), &self.journal)
            {
                self.journal.started(admitted.request, admitted.arrived, admitted.scheduled);
                searches.push(self.start(admitted.request, admitted.row * self.spec.width.get()));
            }
            if searches.is_empty() {
                break;
            }
            self.prompts(&mut searches)?;
            self.outputs(&mut searches)?;
            for search in searches {
                search.tell(&mut self.journal);
            }
        }
        let (executed, traffic) = (Some(self.executed.flops()), Some(self.executed.traffic()));
        Ok(RunOutput { executed, traffic, ..self.journal.into_output() })
    }

    fn start(&mut self, request: usize, row: usize) -> Search<'a> {
        let PreparedRequest { tokens: prompt, max_output, .. } = &self.workload.requests[request];
        let rules = self.rules.limited_to(*max_output);
        let max_output = index(rules.limits.max_output);
        for row in row..row + self.spec.width.get() {
            self.model.begin(row, prompt.len() + max_output);
        }
        let sampler = Sampler::new(rules, Journal::index(request).0, prompt);
        Search::new((request, prompt), row, sampler, self.spec, max_output)
    }

    /// Runs the prompts of a batch, each in the first row of its search, and the first step of each, from one beam to all.
    fn prompts(&mut self, searches: &mut [Search<'a>]) -> Result<(), DeviceError> {
        while !self.journal.is_interrupted() {
            let mut segments = Vec::with_capacity(searches.len());
            self.positions.clear();
            let mut tokens = 0;
            for search in &mut *searches {
                let unseen = &search.prompt[self.model.length(search.row)..];
                let turn = unseen.len().min(PREFILL_CHUNK - tokens);
                search.steps_now = turn > 0 && turn == unseen.len();
                if turn > 0 {
                    segments.push(Segment { row: search.row, tokens: &unseen[..turn] });
                    tokens += turn;
                }
                if search.steps_now {
                    self.positions.push(tokens - 1);
                }
            }
            if segments.is_empty() {
                break;
            }
            self.model.run(&segments, self.executed.of(Phase::Prefill))?;
            if !self.positions.is_empty() {
                self.step(searches, Phase::Prefill)?;
            }
        }
        Ok(())
    }

    /// Runs the searches of a batch to their ends, or up to an interrupt.
    fn outputs(&mut self, searches: &mut [Search<'a>]) -> Result<(), DeviceError> {
        while !self.journal.is_interrupted() {
            searches.iter_mut().for_each(|search| search.steps_now = search.goes_on());
            let mut segments = Vec::with_capacity(self.admission.most_at_once() * self.spec.width.get());
            segments.extend(searches.iter().filter(|search| search.steps_now).flat_map(Search::segments));
            if segments.is_empty() {
                break;
            }
            self.model.run(&segments, self.executed.of(Phase::Decode))?;
            self.positions.clear();
            self.positions.extend(0..segments.len());
            self.step(searches, Phase::Decode)?;
        }
        Ok(())
    }

    /// Takes a step of every search whose turn it is, from the logits at `positions`.
    fn step(&mut self, searches: &mut [Search<'a>], phase: Phase) -> Result<(), DeviceError> {
        let vocabulary = self.model.architecture().vocabulary;
        let mut logits = self.model.logits(&self.positions, self.executed.of(phase))?.chunks_exact_mut(vocabulary);
        let now = self.journal.now();
        for search in searches.iter_mut().filter(|search| search.steps_now) {
            search.step(&mut logits, now);
        }
        for search in searches.iter_mut().filter(|search| search.steps_now && search.goes_on()) {
            search.settle(self.model)?;
        }
        Ok(())
    }
}
