//! Guessing tokens ahead, so that one pass can confirm several: speculative decoding.
//!
//! Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", arXiv 2211.17192. There a guess is
//! accepted with a probability that keeps the distribution; here the choice is made as it would be without guesses, from
//! the request's own random stream, and a guess counts if it is that choice. That, too, keeps the distribution, and the
//! very tokens with it.

mod model;
mod prompt_lookup;

pub(in crate::inference::candle) use model::DraftModel;

use super::journal::Journal;
use super::running::{Running, Settled};
use crate::inference::executed::Executed;
use crate::inference::executor::DeviceError;
use lem_domain::token::SpeculationCounts;

/// What guesses, and how its guesses did.
pub(in crate::inference::candle) struct Drafter<'a> {
    method: Method<'a>,
    /// Most tokens that are guessed at once.
    most: usize,
    counts: SpeculationCounts,
}

/// What guesses.
pub(in crate::inference::candle) enum Method<'a> {
    /// The text itself: what followed the last tokens where they stood before. Up to so many tokens are looked for.
    PromptLookup { ngram: usize },
    /// A smaller model.
    Model(DraftModel<'a>),
}

impl<'a> Drafter<'a> {
    /// Guesses up to `most` tokens at once.
    pub(in crate::inference::candle) fn new(method: Method<'a>, most: usize) -> Self {
        Self { method, most, counts: SpeculationCounts::default() }
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// A row goes to another request, whose text will have at most `context` tokens.
    pub(super) fn begin(&mut self, row: usize, context: usize) {
        if let Method::Model(model) = &mut self.method {
            model.begin(row, context);
        }
    }

    /// Puts up to `most` guesses behind the tokens of each request that decodes.
    pub(super) fn draft(&mut self, running: &mut [Running<'_>], most: usize, journal: &Journal<'_>) -> Result<(), DeviceError> {
        match &mut self.method {
            Method::PromptLookup { ngram } => {
                for running in running.iter_mut().filter(|running| running.is_decoding()) {
                    let most = most.min(running.draft_room());
                    running.drafted = prompt_lookup::draft(&mut running.tokens, *ngram, most);
                }
                Ok(())
            }
            Method::Model(model) => model.draft(running, most, journal),
        }
    }

    /// What came of a request's guesses.
    pub(super) fn count(&mut self, settled: Settled) {
        let wide = |count| u64::try_from(count).expect("a count of tokens fits 64 bits");
        self.counts.drafted += wide(settled.drafted);
        self.counts.accepted += wide(settled.accepted);
        self.counts.verified += 1;
    }

    pub(super) fn counts(&self) -> SpeculationCounts {
        self.counts
    }

    /// What guessing took.
    pub(super) fn executed(&self) -> Executed {
        match &self.method {
            Method::PromptLookup { .. } => Executed::default(),
            Method::Model(model) => model.executed(),
        }
    }
}
