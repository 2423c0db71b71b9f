//! A request that is running.

use super::admission::Admitted;
use super::log_probabilities::LogProbabilities;
use crate::inference::numbers::index;
use crate::inference::sampling::{Chosen, Sampler};
use lem_domain::token::FinishReason;

/// See the module.
pub(super) struct Running<'a> {
    pub(super) request: usize,
    /// Its row in the cache.
    pub(super) row: usize,
    /// Prompt and output, and behind them `drafted` tokens that were guessed and not chosen yet.
    pub(super) tokens: Vec<u32>,
    pub(super) drafted: usize,
    /// Tokens that run in the next pass.
    pub(super) turn: usize,
    /// Whether that pass runs the last of its tokens, so that the next one can be chosen.
    pub(super) completes: bool,
    pub(super) is_finished: bool,
    prompt: usize,
    max_output: usize,
    sampler: Sampler<'a>,
}

/// What came of a request's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    /// Tokens that were guessed.
    pub(super) drafted: usize,
    /// Guesses that proved right.
    pub(super) accepted: usize,
    /// Tokens that were chosen.
    pub(super) chosen: usize,
    /// Why the request ended, if it did.
    pub(super) finish: Option<FinishReason>,
}

impl<'a> Running<'a> {
    pub(super) fn new(admitted: Admitted, prompt: &[u32], max_output: u32, sampler: Sampler<'a>) -> Self {
        let max_output = index(max_output);
        let mut tokens = Vec::with_capacity(prompt.len() + max_output);
        tokens.extend_from_slice(prompt);
        let Admitted { request, row, .. } = admitted;
        Self { request, row, tokens, drafted: 0, turn: 0, completes: false, is_finished: false, prompt: prompt.len(), max_output, sampler }
    }

    /// Whether its prompt has been run.
    pub(super) fn is_decoding(&self) -> bool {
        self.tokens.len() > self.prompt
    }

    /// Tokens that may be guessed: the last one is always chosen.
    pub(super) fn draft_room(&self) -> usize {
        (self.prompt + self.max_output - self.tokens.len()).saturating_sub(1)
    }

    /// The tokens that were chosen last.
    pub(super) fn last(&self, count: usize) -> &[u32] {
        &self.tokens[self.tokens.len() - count..]
    }

    /// Chooses the token behind each guess for as long as the guesses prove right, from the logits at the token before
    /// the first guess and at each guess. The choice is the one that would have been made without guesses: they change
    /// how many tokens a pass gives, and never which.
    pub(super) fn settle<'l>(
        &mut self,
        logits: impl Iterator<Item = &'l mut [f32]>,
        mut log_probabilities: Option<&mut LogProbabilities>,
    ) -> Settled {
        let first = self.tokens.len() - self.drafted;
        let mut settled = Settled { drafted: std::mem::take(&mut self.drafted), accepted: 0, chosen: 0, finish: None };
        for logits in logits {
            if let Some(log_probabilities) = &mut log_probabilities {
                log_probabilities.look(logits);
            }
            let Chosen { token, finish } = self.sampler.choose(logits);
            if let Some(log_probabilities) = &mut log_probabilities {
                log_probabilities.chosen(self.request, token);
            }
            let place = first + settled.chosen;
            let was_right = self.tokens.get(place) == Some(&token);
            if !was_right {
                self.tokens.truncate(place);
                self.tokens.push(token);
            }
            settled.chosen += 1;
            settled.accepted += usize::from(was_right);
            settled.finish = finish;
            if !was_right || finish.is_some() {
                break;
            }
        }
        self.tokens.truncate(first + settled.chosen);
        self.is_finished = settled.finish.is_some();
        settled
    }
}
