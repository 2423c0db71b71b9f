//! Beam search: several continuations of each request at once, of which the most probable one is told.
//!
//! A step keeps the `width` most probable of all continuations of all beams; those that end leave the search
//! (`hypotheses`). As in Hugging Face transformers, twice as many candidates are looked at, so that enough of them go on
//! where some end, and the penalties apply to log-probabilities.
//!
//! A position is computed once in each of the beams, and only the end of the search tells which of them counts: the event
//! of output token i carries the instant of step i.

use super::hypotheses::Hypotheses;
use super::journal::Journal;
use super::log_probabilities::{largest, log_sum_exp};
use super::{Admission, PREFILL_CHUNK};
use crate::inference::candle::index::index;
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Executor, Segment};
use crate::inference::sampling::{Sampler, SamplingRules};
use lem_domain::Timestamp;
use lem_domain::protocol::{PreparedWorkload, RunOutput};
use lem_domain::spec::BeamSpec;
use lem_domain::token::FinishReason;

/// A search in progress.
pub(in crate::inference::candle) struct BeamSearch<'a> {
    model: &'a mut dyn Executor,
    rules: SamplingRules<'a>,
    spec: BeamSpec,
    workload: &'a PreparedWorkload,
    admission: Admission<'a>,
    journal: Journal<'a>,
    executed: Executed,
}

/// The search for one request.
struct Search<'a> {
    request: usize,
    /// Rows of the cache: this one and those behind it, one for each beam.
    row: usize,
    beams: Vec<Beam<'a>>,
    hypotheses: Hypotheses,
    /// When each position was computed.
    steps: Vec<Timestamp>,
    /// Why the search is over; `None` while it goes on.
    end: Option<End>,
}

/// Why a search is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing better can come.
    Settled,
    /// The beams reached the limit of output.
    Length,
}

/// One continuation.
#[derive(Clone)]
struct Beam<'a> {
    output: Vec<u32>,
    /// Σ log p.
    sum: f64,
    sampler: Sampler<'a>,
    /// Place among the rows of its search.
    place: usize,
}

/// What a beam may go on with.
struct Candidate {
    beam: usize,
    token: u32,
    sum: f64,
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
        Self { model, rules, spec, workload, admission, journal, executed: Executed::default() }
    }

    /// Runs all batches, or those up to an interrupt.
    pub(in crate::inference::candle) fn run(mut self) -> Result<RunOutput, DeviceError> {
        loop {
            let mut searches: Vec<Search<'a>> = Vec::new();
            while !self.journal.is_interrupted()
                && let Some(admitted) = self.admission.next(searches.len(), &self.journal)
            {
                self.journal.started(admitted.request, admitted.arrived, admitted.scheduled);
                searches.push(self.start(admitted.request, admitted.row * self.spec.width));
            }
            if searches.is_empty() {
                break;
            }
            self.batch(&mut searches)?;
            for search in searches {
                search.tell(&mut self.journal);
            }
        }
        Ok(RunOutput { executed: Some(self.executed.breakdown()), ..self.journal.into_output() })
    }

    fn start(&self, request: usize, row: usize) -> Search<'a> {
        let prompt = &self.workload.requests[request].tokens;
        let max_output = index(self.rules.limits.max_output);
        let sampler = Sampler::new(self.rules, Journal::index(request).0, prompt);
        let beam = Beam { output: Vec::with_capacity(max_output), sum: 0.0, sampler, place: 0 };
        let hypotheses = Hypotheses::new(self.spec);
        Search { request, row, beams: vec![beam], hypotheses, steps: Vec::with_capacity(max_output), end: None }
    }

    /// Runs the searches of a batch to their ends, or up to an interrupt.
    fn batch(&mut self, searches: &mut [Search<'a>]) -> Result<(), DeviceError> {
        for search in &mut *searches {
            if self.journal.is_interrupted() {
                return Ok(());
            }
            self.prompt(search)?;
        }
        while searches.iter().any(|search| search.end.is_none()) && !self.journal.is_interrupted() {
            let active = || searches.iter().filter(|search| search.end.is_none());
            let beams = || active().flat_map(|search| search.beams.iter().map(|beam| (search.row + beam.place, beam)));
            let last: Vec<u32> = beams().map(|(_, beam)| *beam.output.last().expect("a beam that goes on has a token")).collect();
            let segments: Vec<_> = beams().zip(last.chunks_exact(1)).map(|((row, _), tokens)| Segment { row, tokens }).collect();
            self.model.run(&segments, &mut self.executed)?;
            let positions: Vec<usize> = (0..segments.len()).collect();
            let vocabulary = self.model.architecture().vocabulary;
            let logits = self.model.logits(&positions, &mut self.executed)?;
            let now = self.journal.now();
            let mut rows = logits.chunks_exact_mut(vocabulary);
            for search in searches.iter_mut().filter(|search| search.end.is_none()) {
                let rows = rows.by_ref().take(search.beams.len()).collect();
                search.step(rows, self.rules, self.spec, now);
            }
            for search in searches.iter_mut().filter(|search| search.end.is_none()) {
                search.settle(self.workload.requests[search.request].tokens.len(), self.model)?;
            }
        }
        Ok(())
    }

    /// Runs a prompt and takes the first step, from one beam to all.
    fn prompt(&mut self, search: &mut Search<'a>) -> Result<(), DeviceError> {
        let prompt = &self.workload.requests[search.request].tokens;
        for row in search.row..search.row + self.spec.width {
            self.model.truncate(row, 0);
        }
        let mut last = 0;
        for tokens in prompt.chunks(PREFILL_CHUNK) {
            self.model.run(&[Segment { row: search.row, tokens }], &mut self.executed)?;
            last = tokens.len() - 1;
        }
        let logits = self.model.logits(&[last], &mut self.executed)?;
        let now = self.journal.now();
        search.step(vec![logits], self.rules, self.spec, now);
        if search.end.is_none() {
            search.settle(0, self.model)?;
        }
        Ok(())
    }
}

impl Search<'_> {
    /// Goes on with the most probable continuations, from the logits of each beam.
    fn step(&mut self, rows: Vec<&mut [f32]>, rules: SamplingRules<'_>, spec: BeamSpec, now: Timestamp) {
        self.steps.push(now);
        let mut candidates = Vec::with_capacity(2 * spec.width * rows.len());
        for (beam, logits) in rows.into_iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
            let log_sum = log_sum_exp(logits) as f32;
            logits.iter_mut().for_each(|logit| *logit -= log_sum);
            self.beams[beam].sampler.penalise(logits);
            candidates.extend(largest(logits, 2 * spec.width).into_iter().filter_map(|token| {
                let log_probability = f64::from(logits[token as usize]);
                log_probability.is_finite().then(|| Candidate { beam, token, sum: self.beams[beam].sum + log_probability })
            }));
        }
        candidates.sort_by(|a, b| b.sum.total_cmp(&a.sum).then(a.beam.cmp(&b.beam)).then(a.token.cmp(&b.token)));
        candidates.truncate(2 * spec.width);

        let mut next: Vec<Beam<'_>> = Vec::with_capacity(spec.width);
        for (rank, candidate) in candidates.into_iter().enumerate() {
            if next.len() == spec.width {
                break;
            }
            let mut beam = self.beams[candidate.beam].clone();
            beam.output.push(candidate.token);
            beam.sum = candidate.sum;
            match beam.sampler.remember(candidate.token) {
                None => next.push(beam),
                Some(reason @ (FinishReason::EndOfSequence | FinishReason::StopString)) => {
                    // One that is not among the best is dropped.
                    if rank < spec.width {
                        self.hypotheses.add(beam.output, beam.sum, reason);
                    }
                }
                Some(_) => next.push(beam),
            }
        }
        let length = self.steps.len();
        let max = index(rules.limits.max_output);
        let best = next.first().map(|beam| beam.sum);
        self.beams = next;
        self.end = if best.is_none_or(|best| self.hypotheses.is_done(best, length, max)) {
            Some(End::Settled)
        } else {
            (length >= max).then_some(End::Length)
        };
    }

    /// Moves what the cache holds to the rows of the new beams. A beam of which something goes on keeps its row for the
    /// first of its continuations; the others take rows of beams of which nothing does.
    fn settle(&mut self, shared: usize, model: &mut dyn Executor) -> Result<(), DeviceError> {
        let mut taken = vec![false; self.beams.len().max(self.beams.iter().map(|beam| beam.place + 1).max().unwrap_or(0))];
        let mut moves = Vec::new();
        for (number, beam) in self.beams.iter().enumerate() {
            if std::mem::replace(&mut taken[beam.place], true) {
                moves.push(number);
            }
        }
        for number in moves {
            let free = taken.iter().position(|taken| !taken).expect("as many places as beams");
            taken[free] = true;
            let from = std::mem::replace(&mut self.beams[number].place, free);
            model.copy(self.row + from, self.row + free, shared)?;
        }
        Ok(())
    }

    /// Writes down the best continuation; where an interrupt cut the search off, as far as it had come.
    fn tell(mut self, journal: &mut Journal<'_>) {
        let cut_off = match self.end {
            Some(End::Settled) => None,
            Some(End::Length) => Some(FinishReason::Length),
            None => Some(FinishReason::Interrupted),
        };
        for beam in self.beams.drain(..) {
            if let Some(reason) = cut_off.filter(|_| !beam.output.is_empty()) {
                self.hypotheses.add(beam.output, beam.sum, reason);
            }
        }
        let Some(best) = self.hypotheses.into_best() else { return journal.interrupted(self.request) };
        for &at in &self.steps[..best.tokens.len()] {
            journal.emit(self.request, 1, at);
        }
        journal.completed(self.request, &best.tokens, best.finish);
    }
}
