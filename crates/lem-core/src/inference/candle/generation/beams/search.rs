//! The search for one request.

use super::hypotheses::Hypotheses;
use crate::inference::candle::generation::journal::Journal;
use crate::inference::candle::generation::largest::Largest;
use crate::inference::candle::generation::log_probabilities::log_sum_exp;
use crate::inference::executor::{DeviceError, Executor, Segment};
use crate::inference::sampling::Sampler;
use lem_domain::Timestamp;
use lem_domain::spec::BeamSpec;
use lem_domain::token::FinishReason;

/// See the module.
pub(super) struct Search<'a> {
    request: usize,
    /// Rows of the cache: this one, which holds the prompt first, and those behind it, one for each beam.
    pub(super) row: usize,
    pub(super) prompt: &'a [u32],
    /// Whether the pass at hand lets it take a step.
    pub(super) steps_now: bool,
    width: usize,
    /// Most tokens of an output.
    max_output: usize,
    beams: Vec<Beam<'a>>,
    hypotheses: Hypotheses,
    candidates: Vec<Candidate>,
    largest: Largest,
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

impl<'a> Search<'a> {
    /// Before the first step. `ends` different tokens end a text.
    pub(super) fn new((request, prompt): (usize, &'a [u32]), row: usize, sampler: Sampler<'a>, spec: BeamSpec, max_output: usize) -> Self {
        let width = spec.width.get();
        let reach = reach(width, sampler.ends().len());
        let mut beams = Vec::with_capacity(width);
        beams.push(Beam { output: Vec::with_capacity(max_output), sum: 0.0, sampler, place: 0 });
        Self {
            request,
            row,
            prompt,
            steps_now: false,
            width,
            max_output,
            beams,
            hypotheses: Hypotheses::new(spec),
            candidates: Vec::with_capacity(width * reach),
            largest: Largest::new(reach),
            steps: Vec::with_capacity(max_output),
            end: None,
        }
    }

    pub(super) fn goes_on(&self) -> bool {
        self.end.is_none()
    }

    /// The last token of each beam, to be run in its row.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.beams.iter().map(|beam| {
            let last = beam.output.last().expect("a beam that goes on has a token");
            Segment { row: self.row + beam.place, tokens: std::slice::from_ref(last) }
        })
    }

    /// Goes on with the most probable continuations, from the logits of each beam, which are overwritten.
    pub(super) fn step<'l>(&mut self, logits: &mut impl Iterator<Item = &'l mut [f32]>, now: Timestamp) {
        self.steps.push(now);
        self.candidates.clear();
        for (number, (beam, logits)) in self.beams.iter().zip(logits).enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
            let log_sum = log_sum_exp(logits) as f32;
            logits.iter_mut().for_each(|logit| *logit -= log_sum);
            // As in Hugging Face transformers, penalties apply to log-probabilities.
            beam.sampler.penalise(logits);
            self.candidates.extend(self.largest.of(logits).iter().filter_map(|&token| {
                let log_probability = f64::from(logits[token as usize]);
                log_probability.is_finite().then_some(Candidate { beam: number, token, sum: beam.sum + log_probability })
            }));
        }
        self.candidates.sort_unstable_by(|a, b| b.sum.total_cmp(&a.sum).then(a.beam.cmp(&b.beam)).then(a.token.cmp(&b.token)));
        self.candidates.truncate(self.largest.count());

        let mut next: Vec<Beam<'_>> = Vec::with_capacity(self.width);
        for (rank, candidate) in self.candidates.iter().enumerate() {
            if next.len() == self.width {
                break;
            }
            let mut beam = self.beams[candidate.beam].clone();
            beam.output.push(candidate.token);
            beam.sum = candidate.sum;
            match beam.sampler.remember(candidate.token) {
                Some(reason @ (FinishReason::EndOfSequence | FinishReason::StopString)) => {
                    // One that is not among the best is dropped.
                    if rank < self.width {
                        self.hypotheses.add(beam.output, beam.sum, reason);
                    }
                }
                _ => next.push(beam),
            }
        }
        self.beams = next;
        self.end = self.end_of_step();
    }

    fn end_of_step(&self) -> Option<End> {
        let length = self.steps.len();
        let best = self.beams.first().map(|beam| beam.sum);
        if best.is_none_or(|best| self.hypotheses.is_done(best, length, self.max_output)) {
            Some(End::Settled)
        } else {
            (length >= self.max_output).then_some(End::Length)
        }
    }

    /// Moves what the cache holds to the rows of the new beams. A beam of which something goes on keeps its row for the
    /// first of its continuations; the others take rows of beams of which nothing does.
    pub(super) fn settle(&mut self, model: &mut dyn Executor) -> Result<(), DeviceError> {
        let mut taken = vec![false; self.width];
        let is_first: Vec<bool> = self.beams.iter().map(|beam| !std::mem::replace(&mut taken[beam.place], true)).collect();
        for (beam, _) in self.beams.iter_mut().zip(is_first).filter(|(_, is_first)| !is_first) {
            let free = taken.iter().position(|taken| !taken).expect("as many rows as beams");
            taken[free] = true;
            let from = std::mem::replace(&mut beam.place, free);
            let (from, to) = (self.row + from, self.row + free);
            // A row that no beam was in yet lacks the prompt, too.
            let shared = self.prompt.len().min(model.length(to));
            model.copy(from, to, shared)?;
        }
        Ok(())
    }

    /// Writes down the best continuation; where an interrupt cut the search off, as far as it had come.
    pub(super) fn tell(mut self, journal: &mut Journal<'_>) {
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

/// How many candidates a step looks at: so many that `width` of them go on even where each beam's most probable ones are
/// the tokens that end a text. As in Hugging Face transformers, `_beam_search` in `generation/utils.py`, version 5.19.
fn reach(width: usize, ends: usize) -> usize {
    width * (1 + ends).max(2)
}
