//! OLMo 1 and 2.

use super::Result;
use super::common::{Draft, narrow};
use crate::inference::architecture::{Architecture, HeadNorm, NormKind, Residual};
use crate::inference::checkpoint::{Config, Names};

/// OLMo: a llama with layer norms that have no gain.
pub(super) fn first(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.norm.kind = NormKind::Layer;
    draft.parts.norm.epsilon = 1e-5;
    draft.layer.attention.clip = config.optional_real("clip_qkv")?.map(narrow);
    Ok((draft.finish()?, Names::LLAMA))
}

/// OLMo 2: norms behind each part of a block and none before, and norms over all queries and all keys.
pub(super) fn second(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.norm.epsilon = narrow(config.real_or("rms_norm_eps", 1e-5)?);
    draft.layer.residual = Residual::PostNorm;
    draft.layer.attention.head_norm = Some(HeadNorm::Whole(NormKind::Rms));
    let names = Names {
        head_norms: Some(["model.layers.{layer}.self_attn.q_norm", "model.layers.{layer}.self_attn.k_norm"]),
        attention_post_norm: Some("model.layers.{layer}.post_attention_layernorm"),
        feed_forward_post_norm: Some("model.layers.{layer}.post_feedforward_layernorm"),
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}
