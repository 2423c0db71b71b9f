//! Qwen 2 and 3, dense and with routed experts.

use super::Result;
use super::common::{Draft, activation, window, windowed_layers};
use crate::inference::architecture::{Architecture, Experts, FeedForward, HeadNorm, NormKind, SharedExpert};
use crate::inference::checkpoint::{CheckpointError, Config, ExpertNames, Names, SharedNames};

const HEAD_NORMS: [&str; 2] = ["model.layers.{layer}.self_attn.q_norm", "model.layers.{layer}.self_attn.k_norm"];

/// Qwen 2: a llama with biases of queries, keys and values.
pub(super) fn second(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let draft = Draft::llama(config, family)?;
    Ok((with_windows(draft, config, None)?, Names::LLAMA))
}

/// Qwen 3: without the biases, with norms of queries and keys.
pub(super) fn third(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.layer.attention.head_norm = Some(HeadNorm::Head(NormKind::Rms));
    Ok((with_windows(draft, config, None)?, Names { head_norms: Some(HEAD_NORMS), ..Names::LLAMA }))
}

/// Qwen 2 with routed experts, and one that every token goes through.
pub(super) fn second_mixture(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let draft = Draft::llama(config, family)?;
    let shared = config.optional_size("shared_expert_intermediate_size")?.map(|intermediate| SharedExpert { intermediate });
    let experts = experts(config, shared)?;
    let shared = SharedNames {
        score: "model.layers.{layer}.mlp.shared_expert_gate",
        gate: "model.layers.{layer}.mlp.shared_expert.gate_proj",
        up: "model.layers.{layer}.mlp.shared_expert.up_proj",
        down: "model.layers.{layer}.mlp.shared_expert.down_proj",
    };
    let names = ExpertNames { shared: Some(shared), ..Names::QWEN_EXPERTS };
    Ok((with_windows(draft, config, Some(experts))?, Names { experts: Some(names), ..Names::LLAMA }))
}

/// Qwen 3 with routed experts.
pub(super) fn third_mixture(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.layer.attention.head_norm = Some(HeadNorm::Head(NormKind::Rms));
    let experts = experts(config, None)?;
    let names = Names { head_norms: Some(HEAD_NORMS), experts: Some(Names::QWEN_EXPERTS), ..Names::LLAMA };
    Ok((with_windows(draft, config, Some(experts))?, names))
}

fn experts(config: &Config, shared: Option<SharedExpert>) -> Result<Experts> {
    Ok(Experts {
        count: config.size_of(&["num_experts", "num_local_experts"])?,
        per_token: config.size("num_experts_per_tok")?,
        intermediate: config.size("moe_intermediate_size")?,
        activation: activation(config, &["hidden_act"], "silu")?,
        normalise: config.switch_or("norm_topk_prob", false)?,
        shared,
    })
}

/// Layers with their windows, and with experts where they have them: every `decoder_sparse_step` layers, except those
/// that `mlp_only_layers` lists.
fn with_windows(mut draft: Draft, config: &Config, experts: Option<Experts>) -> Result<Architecture> {
    let window = if config.switch_or("use_sliding_window", false)? { window(config)? } else { None };
    let windowed = match windowed_layers(config)? {
        Some(windowed) => windowed,
        None => {
            let first = config.optional_size("max_window_layers")?.unwrap_or(usize::MAX);
            (0..draft.layers).map(|layer| layer >= first).collect()
        }
    };
    if windowed.len() != draft.layers {
        return Err(CheckpointError::metadata("layer_types", format!("has {} entries for {} layers", windowed.len(), draft.layers)));
    }
    let step = config.optional_size("decoder_sparse_step")?.unwrap_or(1);
    let dense = config.reals("mlp_only_layers")?.unwrap_or_default();
    let is_dense = |layer: usize| dense.iter().any(|&index| (index - super::common::real(layer)).abs() < 0.5);
    draft.layer.attention.window = window;
    draft.finish_with(|index, layer| {
        if !windowed[index] {
            layer.attention.window = None;
        }
        if let Some(experts) = &experts
            && (index + 1).is_multiple_of(step)
            && !is_dense(index)
        {
            layer.feed_forward = FeedForward::Experts(experts.clone());
        }
    })
}
