//! Falcon.

use super::Result;
use super::common::{activation, narrow, root, rotary};
use crate::inference::architecture::from_config::common::Draft;
use crate::inference::architecture::{Architecture, Attention, FeedForward, Layer, Norm, NormKind, Parts, Residual};
use crate::inference::checkpoint::{CheckpointError, Config, Fused, Names, Projections, UpProjections};

/// Falcon 7B, 40B and 11B: attention and a plain feed-forward block side by side.
pub(super) fn describe(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    if config.switch_or("alibi", false)? {
        return Err(CheckpointError::unsupported("positions by ALiBi"));
    }
    let (hidden, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
    let new = config.switch_or("new_decoder_architecture", false)?;
    let multi_query = config.switch_or("multi_query", true)?;
    let kv_heads = match (new, multi_query) {
        (true, _) => config.optional_size("num_kv_heads")?.unwrap_or(heads),
        (false, true) => 1,
        (false, false) => heads,
    };
    let norms = config.optional_size("num_ln_in_parallel_attn")?.unwrap_or(if new { 2 } else { 1 });
    let residual = match (new || config.switch_or("parallel_attn", true)?, new && norms == 2) {
        (true, true) => Residual::ParallelNorms,
        (true, false) => Residual::Parallel,
        (false, _) => Residual::PreNorm,
    };
    let head_dim = hidden / heads;
    let draft = Draft {
        parts: Parts {
            family: family.to_owned(),
            name: config.text("_name_or_path")?.filter(|name| !name.is_empty()).map(str::to_owned),
            hidden,
            vocabulary: config.size("vocab_size")?,
            max_context: config.optional_size("max_position_embeddings")?.unwrap_or(2048),
            embedding_scale: 1.0,
            learned_positions: false,
            norm: Norm { kind: NormKind::Layer, epsilon: narrow(config.real_or("layer_norm_epsilon", 1e-5)?), gain_offset: 0.0 },
            layers: Vec::new(),
            rotary: vec![rotary(config, head_dim, 10_000.0)?],
            logit_scale: 1.0,
            logit_softcap: None,
        },
        layer: Layer {
            attention: Attention {
                heads,
                kv_heads,
                head_dim,
                scale: root(head_dim),
                softcap: None,
                window: None,
                rotary: Some(0),
                head_norm: None,
                clip: None,
            },
            feed_forward: FeedForward::Dense {
                intermediate: config.optional_size("ffn_hidden_size")?.unwrap_or(4 * hidden),
                gated: false,
                activation: activation(config, &["activation"], "gelu")?,
            },
            residual,
            residual_scale: 1.0,
        },
        layers: config.size("num_hidden_layers")?,
    };
    // With one key/value head, all queries come first either way.
    let order = if kv_heads == 1 { Fused::Stacked } else { Fused::Grouped };
    let names = Names {
        embedding: "transformer.word_embeddings",
        output_norm: "transformer.ln_f",
        attention_norm: if residual == Residual::ParallelNorms {
            "transformer.h.{layer}.ln_attn"
        } else {
            "transformer.h.{layer}.input_layernorm"
        },
        projections: Projections::Fused("transformer.h.{layer}.self_attention.query_key_value", order),
        attention_output: "transformer.h.{layer}.self_attention.dense",
        feed_forward_norm: if residual == Residual::ParallelNorms {
            "transformer.h.{layer}.ln_mlp"
        } else {
            "transformer.h.{layer}.post_attention_layernorm"
        },
        up: UpProjections::Plain("transformer.h.{layer}.mlp.dense_h_to_4h"),
        down: "transformer.h.{layer}.mlp.dense_4h_to_h",
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}
