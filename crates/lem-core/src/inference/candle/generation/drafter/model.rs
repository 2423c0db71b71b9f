//! Guesses of a smaller model with the same vocabulary: always what it finds most probable.

use super::super::journal::Journal;
use super::super::running::Running;
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Executor, Segment};
use crate::inference::numbers::index;
use crate::inference::sampling::most_probable;

/// See the module. Its rows are those of the model it guesses for.
pub(in crate::inference::candle) struct DraftModel<'a> {
    model: &'a mut dyn Executor,
    /// Most tokens of a pass.
    tokens: usize,
    /// Tokens that both models have.
    vocabulary: usize,
    executed: Executed,
}

impl<'a> DraftModel<'a> {
    /// `model` has as many rows as the one it guesses for, whose vocabulary has that many tokens, and room for passes of
    /// `tokens` tokens.
    pub(in crate::inference::candle) fn new(model: &'a mut dyn Executor, tokens: usize, vocabulary: usize) -> Self {
        let vocabulary = vocabulary.min(model.architecture().vocabulary);
        Self { model, tokens, vocabulary, executed: Executed::default() }
    }

    pub(super) fn begin(&mut self, row: usize, context: usize) {
        self.model.begin(row, context);
    }

    pub(super) fn executed(&self) -> Executed {
        self.executed
    }

    /// Guesses one token after the other, for all requests together.
    pub(super) fn draft(&mut self, running: &mut [Running<'_>], most: usize, journal: &Journal<'_>) -> Result<(), DeviceError> {
        for running in running.iter().filter(|running| running.is_decoding()) {
            // What was guessed last and proved wrong.
            self.model.truncate(running.row, running.tokens.len() - 1);
        }
        // It stops following a text at a token that it does not have.
        let mut follows: Vec<&mut Running<'_>> = running.iter_mut().filter(|running| self.follows(running)).collect();
        self.catch_up(&follows, journal)?;
        if journal.is_interrupted() {
            return Ok(());
        }
        for drafted in 0..most {
            let wants_more = |running: &Running<'_>| running.drafted == drafted && running.draft_room() > 0;
            let mut drafting: Vec<&mut &mut Running<'_>> = follows.iter_mut().filter(|running| wants_more(running)).collect();
            if drafting.is_empty() {
                break;
            }
            let segments: Vec<_> = drafting.iter().map(|running| rest(running, &*self.model)).collect();
            self.model.run(&segments, &mut self.executed)?;
            let mut end = 0;
            let last: Vec<_> = segments.iter().map(|segment| (end += segment.tokens.len(), end - 1).1).collect();
            let vocabulary = self.model.architecture().vocabulary;
            let logits = self.model.logits(&last, &mut self.executed)?.chunks_exact(vocabulary);
            for (running, logits) in drafting.iter_mut().zip(logits) {
                running.tokens.push(most_probable(&logits[..self.vocabulary]));
                running.drafted += 1;
            }
        }
        Ok(())
    }

    /// Whether a request decodes, and every token of it that the model has not seen is one that it has.
    fn follows(&self, running: &Running<'_>) -> bool {
        running.is_decoding() && rest(running, &*self.model).tokens.iter().all(|&token| index(token) < self.vocabulary)
    }

    /// Runs what it has not seen of the requests, prompts above all, until the rest of all of them fits one pass, or up to
    /// an interrupt.
    fn catch_up(&mut self, running: &[&mut Running<'_>], journal: &Journal<'_>) -> Result<(), DeviceError> {
        while !journal.is_interrupted() {
            let unseen: usize = running.iter().map(|running| rest(running, &*self.model).tokens.len()).sum();
            if unseen <= self.tokens {
                break;
            }
            let mut left = self.tokens;
            let mut segments = Vec::with_capacity(running.len());
            for running in running {
                let Segment { row, tokens } = rest(running, &*self.model);
                // The last token of each is left for the pass that guesses.
                let taken = (tokens.len() - 1).min(left);
                left -= taken;
                if taken > 0 {
                    segments.push(Segment { row, tokens: &tokens[..taken] });
                }
            }
            self.model.run(&segments, &mut self.executed)?;
        }
        Ok(())
    }
}

/// Tokens of a request that the model has not seen.
fn rest<'r>(running: &'r Running<'_>, model: &dyn Executor) -> Segment<'r> {
    Segment { row: running.row, tokens: &running.tokens[model.length(running.row)..] }
}
