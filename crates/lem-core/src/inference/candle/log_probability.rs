//! How probable a model finds a text: what tests of accuracy compare, since greedy tokens flip on near ties.

use super::decoder::Segment;
use super::executed::Executed;
use super::generation::PREFILL_CHUNK;
use super::{CandleEngine, EngineError};
use candle_core::Tensor;

/// Positions whose logits are held at once; a row of a large vocabulary takes half a megabyte.
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
        let context = self.decoder.config().max_context;
        if tokens.len() > context {
            return Err(EngineError::Context { asked: wide(tokens.len()), context: wide(context) });
        }
        self.check_tokens(tokens)?;
        let Some(targets) = tokens.get(1..).filter(|targets| !targets.is_empty()) else { return Ok(Vec::new()) };
        let inputs = &tokens[..targets.len()];

        let mut cache = self.decoder.reserve(1, inputs.len())?;
        let decoder = &self.decoder;
        self.pool.install(|| {
            let mut executed = Executed::default();
            let mut log_probabilities = Vec::with_capacity(targets.len());
            for (inputs, targets) in inputs.chunks(PREFILL_CHUNK).zip(targets.chunks(PREFILL_CHUNK)) {
                let states = decoder.hidden_states(&[Segment { row: 0, tokens: inputs }], &mut cache, &mut executed)?;
                for (index, targets) in targets.chunks(HEAD_CHUNK).enumerate() {
                    let states = states.narrow(0, index * HEAD_CHUNK, targets.len())?;
                    let logits = decoder.logits(&states, &mut executed)?;
                    log_probabilities.extend(of_targets(&logits, targets)?);
                }
            }
            Ok(log_probabilities)
        })
    }
}

/// Logarithm of the softmax of each row of logits at its target, summed in f64.
fn of_targets(logits: &Tensor, targets: &[u32]) -> Result<Vec<f64>, EngineError> {
    let of_row = |(row, &target): (&Vec<f32>, &u32)| {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
        let target = usize::try_from(target).expect("an index of the vocabulary");
        f64::from(row[target] - largest) - sum.ln()
    };
    Ok(logits.to_vec2::<f32>()?.iter().zip(targets).map(of_row).collect())
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).expect("a length fits 64 bits")
}
