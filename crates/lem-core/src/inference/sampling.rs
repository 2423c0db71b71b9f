//! Choice of the next token from logits, and the end of a text.
//!
//! What is applied, in this order: repetition penalty, forbidden n-grams, forbidden ends, temperature, top-k, top-p,
//! min-p. It is the order of Hugging Face transformers, `_get_logits_processor` in `generation/utils.py`. There the greedy
//! choice, too, goes through the first three, so it does here.
//!
//! Every request has a random stream of its own, fixed by the run's seed and the request's position, so that what it
//! draws does not depend on the requests that run beside it.

mod draw;
mod filters;
mod ngrams;
mod penalties;
mod stop_strings;

use crate::tokenizer::TokenBytes;
use draw::Draw;
pub(crate) use draw::most_probable;
use lem_domain::spec::{SamplingSpec, TokenLimits};
use lem_domain::token::FinishReason;
use ngrams::ForbiddenNgrams;
use penalties::RepetitionPenalty;
use stop_strings::StopStrings;

/// What holds for every request of a run.
#[derive(Clone, Copy, Debug)]
pub struct SamplingRules<'a> {
    /// How a token is chosen.
    pub spec: &'a SamplingSpec,
    /// Its limits of output.
    pub limits: TokenLimits,
    /// Seed of the run.
    pub seed: u64,
    /// Tokens that end a text.
    pub ends: &'a [u32],
    /// What the tokens stand for; `None` looks for no stop string.
    pub token_bytes: Option<&'a TokenBytes>,
}

impl SamplingRules<'_> {
    /// The same for a request that has a limit of its own.
    #[must_use]
    pub fn limited_to(mut self, max_output: Option<u32>) -> Self {
        let limits = &mut self.limits;
        limits.max_output = max_output.map_or(limits.max_output, |limit| limit.min(limits.max_output));
        limits.min_output = limits.min_output.min(limits.max_output);
        self
    }
}

/// A token, and whether its request ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The token.
    pub token: u32,
    /// Why the request ends; `None` while it goes on.
    pub finish: Option<FinishReason>,
}

/// Chooses the tokens of one request and remembers them.
#[derive(Clone, Debug)]
pub struct Sampler<'a> {
    rules: SamplingRules<'a>,
    penalty: Option<RepetitionPenalty>,
    ngrams: Option<ForbiddenNgrams>,
    /// `None` takes the most probable token.
    draw: Option<Draw>,
    stop: Option<StopStrings<'a>>,
    n_chosen: u32,
}

impl<'a> Sampler<'a> {
    /// The sampler of the request at position `request` in its run, which continues `prompt`. All memory that it will
    /// need is reserved here, except for what grows with the vocabulary, which the first choice reserves.
    #[must_use]
    pub fn new(rules: SamplingRules<'a>, request: u32, prompt: &[u32]) -> Self {
        let max_output = usize::try_from(rules.limits.max_output).unwrap_or(usize::MAX);
        Self {
            rules,
            penalty: RepetitionPenalty::new(rules.spec.repetition_penalty, prompt, max_output),
            ngrams: rules.spec.no_repeat_ngram.map(|size| ForbiddenNgrams::new(size, prompt, max_output)),
            draw: Draw::new(rules.spec.choice, rules.seed, request),
            stop: rules.token_bytes.and_then(|token_bytes| StopStrings::new(&rules.spec.stop, token_bytes)),
            n_chosen: 0,
        }
    }

    /// Tokens that end the text.
    pub(crate) fn ends(&self) -> &'a [u32] {
        if self.rules.spec.ignore_eos { &[] } else { self.rules.ends }
    }

    /// Chooses the next token. `logits` holds one for every token of the vocabulary, which all tokens of the prompt are
    /// from; they are overwritten.
    ///
    /// A logit that is no finite number is never chosen: −∞ forbids a token. Of equal logits the greedy choice is the
    /// lowest token. When nothing can be chosen the result is token 0.
    pub fn choose(&mut self, logits: &mut [f32]) -> Chosen {
        self.penalise(logits);
        let token = match &mut self.draw {
            None => most_probable(logits),
            Some(draw) => draw.choose(logits),
        };
        Chosen { token, finish: self.remember(token) }
    }

    /// Applies what changes logits whatever the choice: the penalties, and what is forbidden. It may as well be applied to
    /// log-probabilities.
    pub(crate) fn penalise(&self, logits: &mut [f32]) {
        if let Some(penalty) = &self.penalty {
            penalty.apply(logits);
        }
        if let Some(ngrams) = &self.ngrams {
            ngrams.apply(logits);
        }
        if self.n_chosen < self.rules.limits.min_output {
            for &end in self.rules.ends {
                *of_mut(logits, end) = f32::NEG_INFINITY;
            }
        }
    }

    /// Makes a token part of the output; gives why the request ends with it, if it does.
    pub(crate) fn remember(&mut self, token: u32) -> Option<FinishReason> {
        let limits = self.rules.limits;
        if let Some(penalty) = &mut self.penalty {
            penalty.remember(token);
        }
        if let Some(ngrams) = &mut self.ngrams {
            ngrams.remember(token);
        }
        self.n_chosen += 1;
        let completes_stop = self.stop.as_mut().is_some_and(|stop| stop.is_completed_by(token));
        if self.ends().contains(&token) {
            Some(FinishReason::EndOfSequence)
        } else if completes_stop && self.n_chosen > limits.min_output {
            Some(FinishReason::StopString)
        } else {
            (self.n_chosen >= limits.max_output).then_some(FinishReason::Length)
        }
    }
}

/// The value that belongs to a token.
fn of(values: &[f32], token: u32) -> f32 {
    // Tokens are positions in `values`, which is in memory, so the conversion loses nothing.
    values[token as usize]
}

fn of_mut(values: &mut [f32], token: u32) -> &mut f32 {
    &mut values[token as usize]
}

#[cfg(test)]
mod tests;
