//! How probable a model finds a text: what tests of accuracy compare, since greedy tokens flip on near ties.

use super::engine::Room;
use super::generation::PREFILL_CHUNK;
use super::{CandleEngine, EngineError};
use crate::inference::cpu::{Run, Segment};
use crate::inference::executed::Executed;

/// Positions whose logits are held at once; a row of a large vocabulary takes a megabyte.
const HEAD_CHUNK: usize = 64;

impl CandleEngine {
    /// Natural logarithm of the probability of each token after the first, given all tokens before it. Perplexity is
    /// the exponential of their negated mean.
    ///
    /// Room for keys and values is reserved for the call alone.
    ///
    /// # Errors
    /// When there are more tokens than the model's context holds, one lies outside the vocabulary, or a tensor
    /// operation fails.
    pub fn token_log_probabilities(&mut self, tokens: &[u32]) -> Result<Vec<f64>, EngineError> {
        let context = self.decoder.architecture().max_context;
        if tokens.len() > context {
            return Err(EngineError::Context { asked: wide(tokens.len()), context: wide(context) });
        }
        self.check_tokens(tokens)?;
        let Some(targets) = tokens.get(1..).filter(|targets| !targets.is_empty()) else { return Ok(Vec::new()) };
        let inputs = &tokens[..targets.len()];

        let Room { mut cache, mut workspace } = self.make_room(1, inputs.len(), HEAD_CHUNK);
        let (mut executed, mut spans) = (Executed::default(), Vec::new());
        let vocabulary = self.decoder.architecture().vocabulary;
        let mut log_probabilities = Vec::with_capacity(targets.len());
        for (inputs, targets) in inputs.chunks(PREFILL_CHUNK).zip(targets.chunks(PREFILL_CHUNK)) {
            let mut run = Run { pool: &mut self.pool, workspace: &mut workspace, cache: &mut cache, executed: &mut executed };
            self.decoder.run(&[Segment { row: 0, tokens: inputs }], &mut spans, &mut run);
            for (index, targets) in targets.chunks(HEAD_CHUNK).enumerate() {
                let start = index * HEAD_CHUNK;
                let logits = self.decoder.logits(start..start + targets.len(), &mut run);
                log_probabilities.extend(logits.chunks_exact(vocabulary).zip(targets).map(|(logits, &target)| of_target(logits, target)));
            }
        }
        Ok(log_probabilities)
    }
}

/// Logarithm of the softmax of logits at a target, summed in f64.
fn of_target(logits: &[f32], target: u32) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    let target = usize::try_from(target).expect("an index of the vocabulary");
    f64::from(logits[target] - largest) - sum.ln()
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).expect("a length fits 64 bits")
}
