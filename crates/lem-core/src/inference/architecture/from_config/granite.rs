//! Granite.

use super::Result;
use super::common::{Draft, narrow};
use crate::inference::architecture::Architecture;
use crate::inference::checkpoint::{Config, Names};

/// Granite 3: a llama with four multipliers.
pub(super) fn describe(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let mut draft = Draft::llama(config, family)?;
    draft.parts.embedding_scale = narrow(config.real_or("embedding_multiplier", 1.0)?);
    draft.parts.logit_scale = narrow(1.0 / config.real_or("logits_scaling", 1.0)?);
    draft.layer.residual_scale = narrow(config.real_or("residual_multiplier", 1.0)?);
    draft.layer.attention.scale = narrow(config.real_or("attention_multiplier", 1.0)?);
    Ok((draft.finish()?, Names::LLAMA))
}
