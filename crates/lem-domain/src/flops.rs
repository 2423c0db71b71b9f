//! Arithmetic of a decoder, from its shape (MEASUREMENT.md §5).
//!
//! One multiply-add is 2. Embedding look-ups, norms, rotary embedding and softmax are not counted; padding is not;
//! quantisation changes nothing. The language-model head is applied once per *sampled* position.

use crate::units::Flops;
use std::ops::Add;

/// Dimensions of a dense decoder, as read from its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelShape {
    /// Transformer blocks.
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Query heads.
    pub heads: u32,
    /// Key/value heads; fewer than `heads` under grouped-query attention.
    pub kv_heads: u32,
    /// Width of one head.
    pub head_dim: u32,
    /// Width inside the feed-forward block.
    pub intermediate: u32,
    /// Whether the feed-forward block has a gate: three matrices instead of two.
    pub gated_mlp: bool,
    /// Rows of the language-model head.
    pub vocabulary: u32,
    /// Longest context the model was made for, in tokens.
    pub max_context: u32,
}

/// A count by the part of the model it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlopsBreakdown {
    /// Projections and feed-forward matrices.
    pub linear: Flops,
    /// Scores and values of attention.
    pub attention: Flops,
    /// The language-model head.
    pub lm_head: Flops,
}

impl FlopsBreakdown {
    /// The whole count.
    #[must_use]
    pub fn total(self) -> Flops {
        self.linear + self.attention + self.lm_head
    }
}

impl Add for FlopsBreakdown {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { linear: self.linear + other.linear, attention: self.attention + other.attention, lm_head: self.lm_head + other.lm_head }
    }
}

impl std::iter::Sum for FlopsBreakdown {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

/// Operations of one matrix product `(rows × inner) · (inner × columns)`.
#[must_use]
pub fn matmul(rows: u64, inner: u64, columns: u64) -> Flops {
    Flops::new(2 * u128::from(rows) * u128::from(inner) * u128::from(columns))
}

impl ModelShape {
    /// Weights multiplied per token in one layer.
    fn layer_weights(&self) -> u128 {
        let (hidden, head_dim) = (u128::from(self.hidden), u128::from(self.head_dim));
        let queries = u128::from(self.heads) * head_dim;
        let keys = u128::from(self.kv_heads) * head_dim;
        let mlp_matrices = if self.gated_mlp { 3 } else { 2 };
        hidden * queries + 2 * hidden * keys + queries * hidden + mlp_matrices * hidden * u128::from(self.intermediate)
    }

    /// Model FLOPs of one request with `prompt` prompt tokens and `output` output tokens.
    ///
    /// Forward tokens = prompt + output − 1, because the last sampled token is never run; a token at position *i*
    /// attends to the *i* tokens up to itself (causal).
    #[must_use]
    pub fn request_flops(&self, prompt: u64, output: u64) -> FlopsBreakdown {
        let forward = u128::from(prompt) + u128::from(output.saturating_sub(1));
        let causal_context = forward * (forward + 1) / 2;
        let layers = u128::from(self.layers);
        let attention_width = u128::from(self.heads) * u128::from(self.head_dim);
        FlopsBreakdown {
            linear: Flops::new(2 * layers * self.layer_weights() * forward),
            attention: Flops::new(4 * layers * attention_width * causal_context),
            lm_head: Flops::new(2 * u128::from(self.hidden) * u128::from(self.vocabulary) * u128::from(output)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMOLLM2_135M: ModelShape = ModelShape {
        layers: 30,
        hidden: 576,
        heads: 9,
        kv_heads: 3,
        head_dim: 64,
        intermediate: 1536,
        gated_mlp: true,
        vocabulary: 49_152,
        max_context: 8_192,
    };

    /// MEASUREMENT.md §5; the first two terms agree with vLLM 0.32's `--enable-mfu-metrics` on the same request.
    #[test]
    fn the_known_answer_of_smollm2() {
        let flops = SMOLLM2_135M.request_flops(5, 16);
        assert_eq!(flops.linear, Flops::new(4_246_732_800));
        assert_eq!(flops.lm_head, Flops::new(905_969_664));
        assert_eq!(flops.total(), Flops::new(5_167_217_664));
    }

    #[test]
    fn a_prompt_without_output_is_still_run() {
        let flops = SMOLLM2_135M.request_flops(5, 0);
        assert_eq!(flops.lm_head, Flops::new(0));
        assert_eq!(flops.linear, SMOLLM2_135M.request_flops(5, 1).linear);
    }

    proptest! {
        #[test]
        fn decoding_token_by_token_adds_up(prompt in 1u64..400, output in 1u64..400) {
            let whole = SMOLLM2_135M.request_flops(prompt, output).total().get();
            let shorter = SMOLLM2_135M.request_flops(prompt, output + 1).total().get();
            let context = u128::from(prompt + output);
            let step = 2 * 30 * SMOLLM2_135M.layer_weights() + 4 * 30 * 576 * context + 2 * 576 * 49_152;
            prop_assert_eq!(shorter - whole, step);
        }
    }
}
