//! Phi 2 and 3.

use super::Result;
use super::common::{Draft, activation, narrow, window};
use crate::inference::architecture::{Architecture, FeedForward, HeadNorm, NormKind, Residual};
use crate::inference::checkpoint::{Config, Fused, Names, Projections, UpProjections};

/// Phi 1, 1.5 and 2: attention and a plain feed-forward block side by side, biases everywhere.
pub(super) fn second(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.norm.kind = NormKind::Layer;
    draft.parts.norm.epsilon = narrow(config.real_or("layer_norm_eps", 1e-5)?);
    draft.layer.residual = Residual::Parallel;
    draft.layer.feed_forward = FeedForward::Dense {
        intermediate: config.size("intermediate_size")?,
        gated: false,
        activation: activation(config, &["hidden_act"], "gelu_new")?,
    };
    if config.switch_or("qk_layernorm", false)? {
        draft.layer.attention.head_norm = Some(HeadNorm::Head(NormKind::Layer));
    }
    let names = Names {
        output_norm: "model.final_layernorm",
        attention_output: "model.layers.{layer}.self_attn.dense",
        head_norms: Some(["model.layers.{layer}.self_attn.q_layernorm", "model.layers.{layer}.self_attn.k_layernorm"]),
        up: UpProjections::Plain("model.layers.{layer}.mlp.fc1"),
        down: "model.layers.{layer}.mlp.fc2",
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}

/// Phi 3: a llama with fused matrices.
pub(super) fn third(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.layer.attention.window = window(config)?;
    let names = Names {
        projections: Projections::Fused("model.layers.{layer}.self_attn.qkv_proj", Fused::Stacked),
        up: UpProjections::Fused("model.layers.{layer}.mlp.gate_up_proj"),
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}
