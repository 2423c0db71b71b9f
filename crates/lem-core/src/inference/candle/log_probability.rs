//! How probable a model finds a text: what tests of accuracy compare, since greedy tokens flip on near ties.

use super::generation::{PREFILL_CHUNK, log_sum_exp};
use super::{CandleEngine, EngineError};
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Extent, Segment};
use crate::inference::numbers::{index, wide};

/// Positions whose logits are held at once; a row of a large vocabulary takes a megabyte.
const HEAD_CHUNK: usize = 64;

impl CandleEngine {
    /// Natural logarithm of the probability of each token after the first, given all tokens before it. Perplexity is
    /// the exponential of their negated mean.
    ///
    /// Room for keys and values is reserved for the call alone, in place of that of a workload: one that was prepared
    /// before must be prepared again.
    ///
    /// # Errors
    /// When there are more tokens than the model's context holds, one lies outside the vocabulary, or the device
    /// fails.
    pub fn token_log_probabilities(&mut self, tokens: &[u32]) -> Result<Vec<f64>, EngineError> {
        let context = self.executor.architecture().max_context;
        if tokens.len() > context {
            return Err(EngineError::Context { asked: wide(tokens.len()), context: wide(context) });
        }
        self.check_tokens(tokens)?;
        let Some(targets) = tokens.get(1..).filter(|targets| !targets.is_empty()) else { return Ok(Vec::new()) };
        let log_probabilities = self.of_targets(&tokens[..targets.len()], targets).map_err(EngineError::Device);
        self.executor.release();
        log_probabilities
    }

    fn of_targets(&mut self, inputs: &[u32], targets: &[u32]) -> Result<Vec<f64>, DeviceError> {
        let tokens = PREFILL_CHUNK.min(inputs.len());
        self.executor.reserve(Extent { rows: 1, capacity: inputs.len(), tokens, positions: HEAD_CHUNK })?;
        self.executor.begin(0, inputs.len());
        let mut executed = Executed::default();
        let vocabulary = self.executor.architecture().vocabulary;
        let mut log_probabilities = Vec::with_capacity(targets.len());
        for (inputs, targets) in inputs.chunks(PREFILL_CHUNK).zip(targets.chunks(PREFILL_CHUNK)) {
            self.executor.run(&[Segment { row: 0, tokens: inputs }], &mut executed)?;
            let positions: Vec<_> = (0..targets.len()).collect();
            for (positions, targets) in positions.chunks(HEAD_CHUNK).zip(targets.chunks(HEAD_CHUNK)) {
                let logits = self.executor.logits(positions, &mut executed)?.chunks_exact(vocabulary);
                log_probabilities
                    .extend(logits.zip(targets).map(|(logits, &target)| f64::from(logits[index(target)]) - log_sum_exp(logits)));
            }
        }
        Ok(log_probabilities)
    }
}
