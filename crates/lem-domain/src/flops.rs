//! Arithmetic of a decoder, from its shape (MEASUREMENT.md §5).
//!
//! One multiply-add is 2. Embedding look-ups, norms, rotary embedding and softmax are not counted; padding is not;
//! quantisation changes nothing. The language-model head is applied once per *sampled* position.

use crate::units::Flops;
use std::ops::Add;

/// Dimensions of a decoder, as read from its metadata.
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
    /// Width inside the dense feed-forward blocks.
    pub intermediate: u32,
    /// Whether the feed-forward block has a gate: three matrices instead of two.
    pub gated_mlp: bool,
    /// Rows of the language-model head.
    pub vocabulary: u32,
    /// Longest context the model was made for, in tokens.
    pub max_context: u32,
    /// Layers that attend to a window, where there are such.
    pub windowed: Option<WindowedLayers>,
    /// Layers with routed experts in place of a dense feed-forward block, where there are such.
    pub experts: Option<ExpertLayers>,
}

/// Layers whose tokens attend to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowedLayers {
    /// How many.
    pub layers: u32,
    /// Tokens that a token attends to, itself among them.
    pub window: u32,
}

/// Layers with routed experts; all of them are gated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpertLayers {
    /// How many.
    pub layers: u32,
    /// Experts of a layer.
    pub count: u32,
    /// Experts that a token is routed to.
    pub per_token: u32,
    /// Width inside one.
    pub intermediate: u32,
    /// Width inside the expert that every token goes through; 0 without one.
    pub shared_intermediate: u32,
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
    /// Weights multiplied per token in all layers.
    fn weights(&self) -> u128 {
        let (hidden, head_dim) = (u128::from(self.hidden), u128::from(self.head_dim));
        let queries = u128::from(self.heads) * head_dim;
        let keys = u128::from(self.kv_heads) * head_dim;
        let mlp_matrices = if self.gated_mlp { 3 } else { 2 };
        let attention = hidden * queries + 2 * hidden * keys + queries * hidden;
        let dense = mlp_matrices * hidden * u128::from(self.intermediate);
        let (mixtures, mixture) = self.experts.map_or((0, 0), |experts| (u128::from(experts.layers), experts.weights(hidden)));
        let layers = u128::from(self.layers);
        layers * attention + layers.saturating_sub(mixtures) * dense + mixtures * mixture
    }

    /// Tokens attended to by the first `forward` tokens, in all layers together.
    fn attended(&self, forward: u128) -> u128 {
        let causal = |seen: u128| seen * (seen + 1) / 2;
        let (windowed, window) = self.windowed.map_or((0, 0), |windowed| (u128::from(windowed.layers), u128::from(windowed.window)));
        let inside = forward.min(window);
        let in_window = causal(inside) + (forward - inside) * window;
        u128::from(self.layers).saturating_sub(windowed) * causal(forward) + windowed * in_window
    }

    /// Model FLOPs of one request with `prompt` prompt tokens and `output` output tokens.
    ///
    /// Forward tokens = prompt + output − 1, because the last sampled token is never run; a token at position *i*
    /// attends to the *i* tokens up to itself (causal), or to those of its window. Of routed experts, those count that a
    /// token goes through, and the router.
    #[must_use]
    pub fn request_flops(&self, prompt: u64, output: u64) -> FlopsBreakdown {
        let forward = u128::from(prompt) + u128::from(output.saturating_sub(1));
        let attention_width = u128::from(self.heads) * u128::from(self.head_dim);
        FlopsBreakdown {
            linear: Flops::new(2 * self.weights() * forward),
            attention: Flops::new(4 * attention_width * self.attended(forward)),
            lm_head: Flops::new(2 * u128::from(self.hidden) * u128::from(self.vocabulary) * u128::from(output)),
        }
    }
}

impl ExpertLayers {
    /// Weights multiplied per token in one layer: the router, the experts of the token, and the shared one with its score.
    fn weights(&self, hidden: u128) -> u128 {
        let expert = |width: u32| 3 * hidden * u128::from(width);
        let score = if self.shared_intermediate > 0 { hidden } else { 0 };
        let routed = u128::from(self.per_token) * expert(self.intermediate);
        hidden * u128::from(self.count) + routed + expert(self.shared_intermediate) + score
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
        windowed: None,
        experts: None,
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

    #[test]
    fn a_window_bounds_the_context_of_its_layers() {
        let windowed = |layers| ModelShape { windowed: Some(WindowedLayers { layers, window: 4 }), ..SMOLLM2_135M };
        let attention = |shape: ModelShape, tokens| shape.request_flops(tokens, 1).attention.get() / (4 * 576);
        assert_eq!(attention(windowed(30), 4), attention(SMOLLM2_135M, 4));
        // Seven tokens see 1 + 2 + 3 + 4 + 4 + 4 + 4 in a window of four, and 28 without one.
        assert_eq!(attention(windowed(10), 7), 10 * 22 + 20 * 28);
    }

    /// Mixtral 8x7B has 12,879,925,248 active parameters, the gains of 65 norms and the embedding among them (arXiv
    /// 2401.04088, table 1: 13B active).
    #[test]
    fn a_token_meets_its_own_experts() {
        let experts = ExpertLayers { layers: 32, count: 8, per_token: 2, intermediate: 14_336, shared_intermediate: 0 };
        let mixtral = ModelShape {
            layers: 32,
            hidden: 4_096,
            heads: 32,
            kv_heads: 8,
            head_dim: 128,
            intermediate: 14_336,
            gated_mlp: true,
            vocabulary: 32_000,
            max_context: 32_768,
            windowed: None,
            experts: Some(experts),
        };
        assert_eq!(mixtral.weights() + 2 * 32_000 * 4_096, 12_879_925_248 - 65 * 4_096);
        let shared = ModelShape { experts: Some(ExpertLayers { shared_intermediate: 10, ..experts }), ..mixtral };
        assert_eq!(shared.weights() - mixtral.weights(), 32 * (3 * 4_096 * 10 + 4_096));
    }

    proptest! {
        #[test]
        fn decoding_token_by_token_adds_up(prompt in 1u64..400, output in 1u64..400) {
            let whole = SMOLLM2_135M.request_flops(prompt, output).total().get();
            let shorter = SMOLLM2_135M.request_flops(prompt, output + 1).total().get();
            let context = u128::from(prompt + output);
            let step = 2 * SMOLLM2_135M.weights() + 4 * 30 * 576 * context + 2 * 576 * 49_152;
            prop_assert_eq!(shorter - whole, step);
        }
    }
}
