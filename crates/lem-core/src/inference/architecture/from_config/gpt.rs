//! GPT-2 and GPT-NeoX.

use super::Result;
use super::common::{Draft, activation, narrow, root, rotary};
use crate::inference::architecture::{Architecture, Attention, FeedForward, Layer, Norm, NormKind, Parts, Residual};
use crate::inference::checkpoint::{CheckpointError, Config, Fused, Names, Projections, UpProjections};

/// GPT-2: learned positions, and matrices stored input by input.
pub(super) fn second(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    if !config.switch_or("scale_attn_weights", true)? || config.switch_or("scale_attn_by_inverse_layer_idx", false)? {
        return Err(CheckpointError::unsupported("scores of another scale than GPT-2's own"));
    }
    let (hidden, heads) = (config.size_of(&["n_embd", "hidden_size"])?, config.size_of(&["n_head", "num_attention_heads"])?);
    let intermediate = config.optional_size("n_inner")?.unwrap_or(4 * hidden);
    let draft = Draft {
        parts: Parts {
            max_context: config.size_of(&["n_positions", "max_position_embeddings"])?,
            learned_positions: true,
            ..parts(config, family, hidden, "layer_norm_epsilon")?
        },
        layer: layer(hidden, heads, None, Residual::PreNorm, intermediate, activation(config, &["activation_function"], "gelu_new")?),
        layers: config.size_of(&["n_layer", "num_hidden_layers"])?,
    };
    let names = Names {
        embedding: "transformer.wte",
        positions: Some("transformer.wpe"),
        output_norm: "transformer.ln_f",
        attention_norm: "transformer.h.{layer}.ln_1",
        projections: Projections::Fused("transformer.h.{layer}.attn.c_attn", Fused::Stacked),
        attention_output: "transformer.h.{layer}.attn.c_proj",
        feed_forward_norm: "transformer.h.{layer}.ln_2",
        up: UpProjections::Plain("transformer.h.{layer}.mlp.c_fc"),
        down: "transformer.h.{layer}.mlp.c_proj",
        transposed: true,
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}

/// GPT-NeoX and Pythia: rotary embeddings of a part of each head, attention and feed-forward block side by side.
pub(super) fn neox(config: &Config, family: &str) -> Result<(Architecture, Names)> {
    let (hidden, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
    let residual = if config.switch_or("use_parallel_residual", true)? { Residual::ParallelNorms } else { Residual::PreNorm };
    let activation = activation(config, &["hidden_act"], "gelu")?;
    let base = config.real_or("rotary_emb_base", 10_000.0)?;
    let draft = Draft {
        parts: Parts {
            max_context: config.size("max_position_embeddings")?,
            rotary: vec![rotary(config, hidden / heads, base)?],
            ..parts(config, family, hidden, "layer_norm_eps")?
        },
        layer: layer(hidden, heads, Some(0), residual, config.size("intermediate_size")?, activation),
        layers: config.size("num_hidden_layers")?,
    };
    let names = Names {
        embedding: "gpt_neox.embed_in",
        output_norm: "gpt_neox.final_layer_norm",
        head: "embed_out",
        attention_norm: "gpt_neox.layers.{layer}.input_layernorm",
        projections: Projections::Fused("gpt_neox.layers.{layer}.attention.query_key_value", Fused::Grouped),
        attention_output: "gpt_neox.layers.{layer}.attention.dense",
        feed_forward_norm: "gpt_neox.layers.{layer}.post_attention_layernorm",
        up: UpProjections::Plain("gpt_neox.layers.{layer}.mlp.dense_h_to_4h"),
        down: "gpt_neox.layers.{layer}.mlp.dense_4h_to_h",
        ..Names::LLAMA
    };
    Ok((draft.finish()?, names))
}

fn parts(config: &Config, family: &str, hidden: usize, epsilon: &str) -> Result<Parts> {
    Ok(Parts {
        family: family.to_owned(),
        name: config.text("_name_or_path")?.filter(|name| !name.is_empty()).map(str::to_owned),
        hidden,
        vocabulary: config.size("vocab_size")?,
        max_context: 0,
        embedding_scale: 1.0,
        learned_positions: false,
        norm: Norm { kind: NormKind::Layer, epsilon: narrow(config.real_or(epsilon, 1e-5)?), gain_offset: 0.0 },
        layers: Vec::new(),
        rotary: Vec::new(),
        logit_scale: 1.0,
        logit_softcap: None,
    })
}

fn layer(
    hidden: usize,
    heads: usize,
    rotary: Option<usize>,
    residual: Residual,
    intermediate: usize,
    activation: crate::inference::architecture::Activation,
) -> Layer {
    let head_dim = hidden / heads;
    Layer {
        attention: Attention {
            heads,
            kv_heads: heads,
            head_dim,
            scale: root(head_dim),
            softcap: None,
            window: None,
            rotary,
            head_norm: None,
            clip: None,
        },
        feed_forward: FeedForward::Dense { intermediate, gated: false, activation },
        residual,
        residual_scale: 1.0,
    }
}
