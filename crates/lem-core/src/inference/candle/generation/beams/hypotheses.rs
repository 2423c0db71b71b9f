//! The finished continuations of one request in a beam search.
//!
//! Scores, lengths and the end of the search are those of Hugging Face transformers (`_beam_search` in
//! `generation/utils.py`, version 5.19): a score is the sum of log-probabilities over length^penalty, the length that of
//! the output with its end-of-sequence token.

use lem_domain::spec::{BeamSpec, EarlyStopping};
use lem_domain::token::FinishReason;

/// A continuation that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hypothesis {
    pub(super) tokens: Vec<u32>,
    pub(super) score: f64,
    pub(super) finish: FinishReason,
}

/// The best of them, as many as there are beams.
#[derive(Debug)]
pub(super) struct Hypotheses {
    spec: BeamSpec,
    best: Vec<Hypothesis>,
}

impl Hypotheses {
    pub(super) fn new(spec: BeamSpec) -> Self {
        Self { spec, best: Vec::with_capacity(spec.width.get() + 1) }
    }

    /// Σ log p ÷ length^penalty.
    pub(super) fn score(&self, sum: f64, length: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "an output of fewer than 2^52 tokens")]
        let length = length as f64;
        sum / length.powf(self.spec.length_penalty)
    }

    /// A continuation ends for a reason, with the sum of the log-probabilities of its tokens.
    pub(super) fn add(&mut self, tokens: Vec<u32>, sum: f64, finish: FinishReason) {
        let score = self.score(sum, tokens.len());
        let place = self.best.partition_point(|other| other.score >= score);
        self.best.insert(place, Hypothesis { tokens, score, finish });
        self.best.truncate(self.spec.width.get());
    }

    /// Whether no running beam can still be told: `best` is the largest sum of log-probabilities among them, at so many
    /// output tokens of at most `max`.
    pub(super) fn is_done(&self, best: f64, length: usize, max: usize) -> bool {
        let Some(worst) = self.best.last().filter(|_| self.best.len() == self.spec.width.get()) else { return false };
        match self.spec.early_stopping {
            EarlyStopping::AtWidth => true,
            EarlyStopping::Heuristic => worst.score >= self.score(best, length),
            EarlyStopping::Never => {
                // Longer is better where the penalty rewards length, as the sum is negative.
                let length = if self.spec.length_penalty > 0.0 { max } else { length };
                worst.score >= self.score(best, length)
            }
        }
    }

    /// The best of all.
    pub(super) fn into_best(self) -> Option<Hypothesis> {
        self.best.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hypotheses(width: usize, length_penalty: f64, early_stopping: EarlyStopping) -> Hypotheses {
        Hypotheses::new(BeamSpec { width: width.try_into().unwrap(), length_penalty, early_stopping })
    }

    #[test]
    fn a_penalty_above_zero_favours_long_ones() {
        for (penalty, best) in [(0.0, 1), (1.0, 4)] {
            let mut hypotheses = hypotheses(2, penalty, EarlyStopping::Heuristic);
            hypotheses.add(vec![7], -1.0, FinishReason::EndOfSequence);
            hypotheses.add(vec![7; 4], -2.0, FinishReason::EndOfSequence);
            hypotheses.add(vec![7; 2], -9.0, FinishReason::EndOfSequence);
            assert_eq!(hypotheses.into_best().unwrap().tokens.len(), best, "{penalty}");
        }
    }

    #[test]
    fn a_search_ends_when_nothing_better_can_come() {
        let full = |early_stopping, penalty| {
            let mut hypotheses = hypotheses(1, penalty, early_stopping);
            assert!(!hypotheses.is_done(-100.0, 1, 10), "there is none yet");
            hypotheses.add(vec![1, 2], -2.0, FinishReason::EndOfSequence); // −1 a token
            hypotheses
        };
        assert!(full(EarlyStopping::AtWidth, 1.0).is_done(-0.1, 2, 10));
        assert!(full(EarlyStopping::Heuristic, 1.0).is_done(-2.5, 2, 10));
        assert!(!full(EarlyStopping::Heuristic, 1.0).is_done(-1.5, 2, 10));
        assert!(!full(EarlyStopping::Never, 1.0).is_done(-2.5, 2, 10), "ten tokens of −0.25 each would be better");
        assert!(full(EarlyStopping::Never, 0.0).is_done(-2.5, 2, 10));
    }
}
