//! Llama, Mistral and Mixtral.

use super::Result;
use super::common::{Draft, activation, window};
use crate::inference::architecture::{Architecture, Experts, FeedForward};
use crate::inference::checkpoint::{Config, ExpertNames, Names};

/// Llama 1 to 3, and what follows it to the letter, such as SmolLM.
pub(super) fn llama(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    Ok((Draft::llama(config, family)?.finish()?, Names::LLAMA))
}

/// Mistral: a llama with a window.
pub(super) fn mistral(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.layer.attention.window = window(config)?;
    Ok((draft.finish()?, Names::LLAMA))
}

/// Mixtral: Mistral with routed experts.
pub(super) fn mixtral(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.layer.attention.window = window(config)?;
    draft.layer.feed_forward = FeedForward::Experts(Experts {
        count: config.size("num_local_experts")?,
        per_token: config.size("num_experts_per_tok")?,
        intermediate: config.size("intermediate_size")?,
        activation: activation(config, &["hidden_act"], "silu")?,
        normalise: true,
        shared: None,
    });
    let experts = ExpertNames {
        router: "model.layers.{layer}.block_sparse_moe.gate",
        gate: "model.layers.{layer}.block_sparse_moe.experts.{expert}.w1",
        up: "model.layers.{layer}.block_sparse_moe.experts.{expert}.w3",
        down: "model.layers.{layer}.block_sparse_moe.experts.{expert}.w2",
        shared: None,
    };
    Ok((draft.finish()?, Names { experts: Some(experts), ..Names::LLAMA }))
}
