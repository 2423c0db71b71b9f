//! Gemma 1 to 3.

use super::Result;
use super::common::{Draft, activation, narrow, real, scaled, window, windowed_layers};
use crate::inference::architecture::{Architecture, FeedForward, HeadNorm, NormKind, Pairing, Residual, Rotary, Stretch};
use crate::inference::checkpoint::{CheckpointError, Config, Names};

/// Names of Gemma 2 and 3, which have a norm behind each part of a block.
const SANDWICH: Names = Names {
    attention_post_norm: Some("model.layers.{layer}.post_attention_layernorm"),
    feed_forward_norm: "model.layers.{layer}.pre_feedforward_layernorm",
    feed_forward_post_norm: Some("model.layers.{layer}.post_feedforward_layernorm"),
    ..Names::LLAMA
};

/// Gemma: a llama whose embeddings are scaled, and whose norms store how far their gains are from one.
pub(super) fn first(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    Ok((draft(config, family)?.finish()?, Names::LLAMA))
}

/// Gemma 2: norms behind each part too, bent scores and logits, a window in every other layer.
pub(super) fn second(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = sandwich(config, family)?;
    draft.layer.attention.softcap = config.optional_real("attn_logit_softcapping")?.map(narrow);
    draft.parts.logit_softcap = config.optional_real("final_logit_softcapping")?.map(narrow);
    let windowed = windows(config, draft.layers, 2)?;
    let architecture = draft.finish_with(|index, layer| {
        if !windowed[index] {
            layer.attention.window = None;
        }
    })?;
    Ok((architecture, SANDWICH))
}

/// Gemma 3: norms of queries and keys instead of bent scores, and a rotary embedding of their own in layers with a window.
pub(super) fn third(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = sandwich(config, family)?;
    draft.layer.attention.head_norm = Some(HeadNorm::Head(NormKind::Rms));
    draft.layer.attention.softcap = config.optional_real("attn_logit_softcapping")?.map(narrow);
    draft.parts.logit_softcap = config.optional_real("final_logit_softcapping")?.map(narrow);
    let head_dim = draft.layer.attention.head_dim;
    draft.parts.rotary = rotaries(config, head_dim)?;
    let windowed = windows(config, draft.layers, config.optional_size("sliding_window_pattern")?.unwrap_or(6))?;
    let architecture = draft.finish_with(|index, layer| {
        if windowed[index] {
            layer.attention.rotary = Some(1);
        } else {
            layer.attention.window = None;
        }
    })?;
    let names = Names { head_norms: Some(["model.layers.{layer}.self_attn.q_norm", "model.layers.{layer}.self_attn.k_norm"]), ..SANDWICH };
    Ok((architecture, names))
}

fn draft(config: &Config, family: &str) -> Result<Draft> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.norm.gain_offset = 1.0;
    draft.parts.embedding_scale = narrow(real(draft.parts.hidden).sqrt());
    // `hidden_act` of the first Gemma said `gelu` where the approximation with tanh was meant; transformers reads
    // `hidden_activation` and takes the approximation where it is missing.
    let activation = match config.text("hidden_activation")? {
        Some(_) => activation(config, &["hidden_activation"], "gelu_pytorch_tanh")?,
        None => crate::inference::architecture::Activation::GeluTanh,
    };
    if let FeedForward::Dense { activation: of_block, .. } = &mut draft.layer.feed_forward {
        *of_block = activation;
    }
    Ok(draft)
}

fn sandwich(config: &Config, family: &str) -> Result<Draft> {
    let mut draft = draft(config, family)?;
    draft.layer.residual = Residual::Sandwich;
    draft.layer.attention.window = window(config)?;
    draft.layer.attention.scale = narrow(1.0 / config.real_or("query_pre_attn_scalar", 256.0)?.sqrt());
    Ok(draft)
}

/// Which layers have a window: all but the last of each period.
fn windows(config: &Config, layers: usize, period: usize) -> Result<Vec<bool>> {
    let windowed = windowed_layers(config)?.unwrap_or_else(|| (0..layers).map(|layer| !(layer + 1).is_multiple_of(period)).collect());
    if windowed.len() == layers {
        Ok(windowed)
    } else {
        Err(CheckpointError::metadata("layer_types", format!("has {} entries for {layers} layers", windowed.len())))
    }
}

/// The rotary embeddings of layers that see everything and of those with a window.
fn rotaries(config: &Config, head_dim: usize) -> Result<Vec<Rotary>> {
    const GLOBAL_BASE: f64 = 1_000_000.0;
    const LOCAL_BASE: f64 = 10_000.0;
    if let Some(parameters) = config.section("rope_parameters")?
        && let (Some(global), Some(local)) = (parameters.section("full_attention")?, parameters.section("sliding_attention")?)
    {
        return Ok(vec![scaled(config, &global, head_dim, GLOBAL_BASE)?, scaled(config, &local, head_dim, LOCAL_BASE)?]);
    }
    let global = super::common::rotary(config, head_dim, GLOBAL_BASE)?;
    let local = config.real_or("rope_local_base_freq", LOCAL_BASE)?;
    Ok(vec![global, Rotary::new(Pairing::Halves, head_dim, local, &Stretch::None)?])
}
