//! From a prepared workload to tokens: what runs inside the measured window, and nothing else.
//!
//! `admission` says which requests may start, `turn` which of their tokens run in the next pass; `drafter` guesses tokens
//! ahead where that is asked for. `beams` goes another way: it follows several continuations of each request.

mod admission;
mod beams;
mod drafter;
mod journal;
mod largest;
mod log_probabilities;
mod running;
mod turn;

pub(super) use admission::Admission;
pub(super) use beams::BeamSearch;
pub(super) use drafter::{DraftModel, Drafter, Method};
pub(super) use journal::Journal;
pub(super) use log_probabilities::log_sum_exp;
pub(super) use turn::prompts_part;

use crate::inference::executed::{ByPhase, Phase};
use crate::inference::executor::{DeviceError, Executor, Segment};
use crate::inference::numbers::index;
use crate::inference::sampling::{Sampler, SamplingRules};
use lem_domain::protocol::{PreparedWorkload, RunOutput};
use log_probabilities::LogProbabilities;
use running::Running;

/// Prompt tokens of one pass: products gain nothing beyond a few hundred rows, while the memory of a pass grows.
pub(super) const PREFILL_CHUNK: usize = 512;

/// A run in progress.
pub(super) struct Generation<'a> {
    model: &'a mut dyn Executor,
    drafter: Option<Drafter<'a>>,
    rules: SamplingRules<'a>,
    workload: &'a PreparedWorkload,
    admission: Admission<'a>,
    journal: Journal<'a>,
    log_probabilities: Option<LogProbabilities>,
    running: Vec<Running<'a>>,
    /// Positions of a pass whose logits are asked for; reused.
    positions: Vec<usize>,
    executed: ByPhase,
}

impl<'a> Generation<'a> {
    /// Sets a run up; the model has room for what admission lets run at once.
    pub(super) fn new(
        model: &'a mut dyn Executor,
        drafter: Option<Drafter<'a>>,
        rules: SamplingRules<'a>,
        workload: &'a PreparedWorkload,
        admission: Admission<'a>,
        journal: Journal<'a>,
    ) -> Self {
        let (vocabulary, max_output) = (model.architecture().vocabulary, index(rules.limits.max_output));
        let log_probabilities = |alternatives| LogProbabilities::new(alternatives, vocabulary, workload.requests.len(), max_output);
        let log_probabilities = rules.spec.logprobs.map(log_probabilities);
        let running = Vec::with_capacity(admission.most_at_once());
        let positions = Vec::with_capacity(admission.most_at_once() * (1 + drafter.as_ref().map_or(0, Drafter::most)));
        Self { model, drafter, rules, workload, admission, journal, log_probabilities, running, positions, executed: ByPhase::default() }
    }

    /// Runs all requests, or what an interrupt leaves of them.
    pub(super) fn run(mut self) -> Result<RunOutput, DeviceError> {
        loop {
            if !self.journal.is_interrupted() {
                self.admit();
            }
            if self.running.is_empty() {
                break;
            }
            if self.journal.is_interrupted() {
                self.running.iter().for_each(|running| self.journal.interrupted(running.request));
                break;
            }
            self.plan()?;
            self.pass()?;
        }
        let mut output = self.journal.into_output();
        if let Some(drafter) = &self.drafter {
            self.executed.of(Phase::Decode).include(drafter.executed());
            output.speculation = Some(drafter.counts());
        }
        output.executed = Some(self.executed.flops());
        output.traffic = Some(self.executed.traffic());
        output.log_probabilities = self.log_probabilities.map(LogProbabilities::into_requests);
        Ok(output)
    }

    /// Starts what may start now, and waits where nothing runs and something is still to arrive.
    fn admit(&mut self) {
        while let Some(admitted) = self.admission.next(self.running.len(), &self.journal) {
            let request = &self.workload.requests[admitted.request];
            let prompt = &request.tokens;
            let position = Journal::index(admitted.request).0;
            let rules = self.rules.limited_to(request.max_output);
            let context = prompt.len() + index(rules.limits.max_output);
            self.model.begin(admitted.row, context);
            if let Some(drafter) = &mut self.drafter {
                drafter.begin(admitted.row, context);
            }
            self.journal.started(admitted.request, admitted.arrived, admitted.scheduled);
            let sampler = Sampler::new(rules, position, prompt);
            self.running.push(Running::new(admitted, prompt, rules.limits.max_output, sampler));
        }
    }

    /// Decides which tokens run in the next pass, and drafts those that are guessed.
    fn plan(&mut self) -> Result<(), DeviceError> {
        let order = self.admission.order();
        if turn::decodes(&self.running, order)
            && let Some(drafter) = &mut self.drafter
        {
            let most = turn::guesses(&self.running, order, drafter.most());
            drafter.draft(&mut self.running, most, &self.journal)?;
        }
        turn::share(&mut self.running, self.model, order);
        Ok(())
    }

    /// Runs those tokens, and chooses the next one of every request that has no more to run.
    fn pass(&mut self) -> Result<(), DeviceError> {
        let mut segments = Vec::with_capacity(self.running.len());
        self.positions.clear();
        let mut first = 0;
        for running in self.running.iter().filter(|running| running.turn > 0) {
            let start = self.model.length(running.row);
            segments.push(Segment { row: running.row, tokens: &running.tokens[start..start + running.turn] });
            first += running.turn;
            if running.completes {
                self.positions.extend(first - 1 - running.drafted..first);
            }
        }
        let has_prompts = self.running.iter().any(|running| running.turn > 0 && !running.is_decoding());
        let phase = if has_prompts { Phase::Prefill } else { Phase::Decode };
        self.model.run(&segments, self.executed.of(phase))?;
        if !self.positions.is_empty() {
            self.choose(phase)?;
        }
        Ok(())
    }

    fn choose(&mut self, phase: Phase) -> Result<(), DeviceError> {
        let vocabulary = self.model.architecture().vocabulary;
        let mut logits = self.model.logits(&self.positions, self.executed.of(phase))?;
        for running in self.running.iter_mut().filter(|running| running.completes) {
            let (own, others) = logits.split_at_mut((1 + running.drafted) * vocabulary);
            logits = others;
            let settled = running.settle(own.chunks_exact_mut(vocabulary), self.log_probabilities.as_mut());
            if let Some(drafter) = self.drafter.as_mut().filter(|_| settled.drafted > 0) {
                drafter.count(settled);
            }
            self.journal.chosen(running.request, running.last(settled.chosen), settled.finish);
        }
        for running in self.running.iter().filter(|running| running.completes) {
            // The token that was chosen last has not been run, and what was refused is forgotten.
            self.model.truncate(running.row, running.tokens.len() - 1);
        }
        let admission = &mut self.admission;
        self.running.retain(|running| {
            if running.is_finished {
                admission.release(running.row);
            }
            !running.is_finished
        });
        Ok(())
    }
}
