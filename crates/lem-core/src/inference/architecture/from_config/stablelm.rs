//! StableLM.

use super::Result;
use super::common::{Draft, narrow};
use crate::inference::architecture::{Architecture, HeadNorm, NormKind, Residual};
use crate::inference::checkpoint::{Config, Names};

/// StableLM: a llama with layer norms, a rotary embedding of a part of each head, and in its larger models norms of each
/// head and blocks side by side.
pub(super) fn describe(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.norm.kind = NormKind::Layer;
    draft.parts.norm.epsilon = narrow(config.real_or("layer_norm_eps", 1e-5)?);
    if config.switch_or("use_parallel_residual", false)? {
        draft.layer.residual = Residual::Parallel;
    }
    if config.switch_or("qk_layernorm", false)? {
        draft.layer.attention.head_norm = Some(HeadNorm::Head(NormKind::Layer));
    }
    let names = Names {
        head_norms: Some([
            "model.layers.{layer}.self_attn.q_layernorm.norms.{head}",
            "model.layers.{layer}.self_attn.k_layernorm.norms.{head}",
        ]),
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}
