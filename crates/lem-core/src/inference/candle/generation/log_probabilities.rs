//! How probable the chosen tokens were, and what else was.

use super::largest::Largest;
use crate::inference::numbers::index;
use lem_domain::token::TokenLogProbability;

/// Natural logarithms of the model's own probabilities, before penalties and temperature.
pub(super) struct LogProbabilities {
    alternatives: Largest,
    /// Logits of the choice at hand, and the logarithm of the sum of their exponentials.
    logits: Vec<f32>,
    log_sum: f64,
    requests: Vec<Vec<TokenLogProbability>>,
}

impl LogProbabilities {
    /// Of this many requests of at most `max_output` tokens, with so many of the most probable tokens beside each chosen
    /// one. Only these are allocated later.
    pub(super) fn new(alternatives: u32, vocabulary: usize, requests: usize, max_output: usize) -> Self {
        let alternatives = Largest::new(index(alternatives).min(vocabulary));
        let requests = (0..requests).map(|_| Vec::with_capacity(max_output)).collect();
        Self { alternatives, logits: Vec::with_capacity(vocabulary), log_sum: 0.0, requests }
    }

    /// Remembers logits, which the choice overwrites.
    pub(super) fn look(&mut self, logits: &[f32]) {
        self.logits.clear();
        self.logits.extend_from_slice(logits);
        self.log_sum = log_sum_exp(logits);
    }

    /// A request's token was chosen from the logits that were looked at last.
    pub(super) fn chosen(&mut self, request: usize, token: u32) {
        let of = |token: u32| f64::from(self.logits[token as usize]) - self.log_sum;
        let alternatives = self.alternatives.of(&self.logits).iter().map(|&token| (token, of(token))).collect();
        self.requests[request].push(TokenLogProbability { token, log_probability: of(token), alternatives });
    }

    pub(super) fn into_requests(self) -> Vec<Vec<TokenLogProbability>> {
        self.requests
    }
}

/// ln Σ exp(logit), summed in f64 relative to the largest.
pub(in crate::inference::candle) fn log_sum_exp(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    f64::from(largest) + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_come_in_order() {
        let logits = [1.0_f32, 3.0, -2.0, 3.0, f32::NEG_INFINITY];
        let mut probabilities = LogProbabilities::new(9, logits.len(), 1, 1);
        probabilities.look(&logits);
        probabilities.chosen(0, 0);
        let told = probabilities.into_requests().remove(0).remove(0);
        assert_eq!(told.alternatives.iter().map(|&(token, _)| token).collect::<Vec<_>>(), [1, 3, 0, 2, 4]);
        let sum: f64 = told.alternatives.iter().map(|&(_, log)| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        let by_hand = 1.0 - (1.0_f64.exp() + 2.0 * 3.0_f64.exp() + (-2.0_f64).exp()).ln();
        assert!((told.log_probability - by_hand).abs() < 1e-12, "{told:?}");
    }
}
