//! What families have in common.

use super::Result;
use crate::inference::architecture::parts::check_layers;
use crate::inference::architecture::{
    Activation, Architecture, Attention, FeedForward, Layer, Norm, NormKind, Pairing, Parts, Residual, Rotary, Stretch,
};
use crate::inference::checkpoint::{CheckpointError, Config};

/// A model of which all layers are alike, as llamas are; families change what they have otherwise.
pub(super) struct Draft {
    pub(super) parts: Parts,
    /// The layer that all layers start as.
    pub(super) layer: Layer,
    pub(super) layers: usize,
}

impl Draft {
    /// A description with llama's keys: `hidden_size`, `num_hidden_layers`, `num_attention_heads`,
    /// `num_key_value_heads`, `head_dim`, `intermediate_size`, `hidden_act`, `rms_norm_eps`, and the rotary ones.
    pub(super) fn llama(config: &Config, family: &str) -> Result<Self> {
        let hidden = config.size("hidden_size")?;
        let heads = config.size("num_attention_heads")?;
        let head_dim = config.optional_size("head_dim")?.unwrap_or(hidden / heads);
        let attention = Attention {
            heads,
            kv_heads: config.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            scale: root(head_dim),
            softcap: None,
            window: None,
            rotary: Some(0),
            head_norm: None,
            clip: None,
        };
        let intermediate = config.size("intermediate_size")?;
        let feed_forward =
            FeedForward::Dense { intermediate, gated: true, activation: activation(config, &["hidden_act", "hidden_activation"], "silu")? };
        let epsilon = narrow(config.real_or("rms_norm_eps", 1e-6)?);
        Ok(Self {
            parts: Parts {
                family: family.to_owned(),
                name: config.text("_name_or_path")?.filter(|name| !name.is_empty()).map(str::to_owned),
                hidden,
                vocabulary: config.size("vocab_size")?,
                max_context: config.size("max_position_embeddings")?,
                embedding_scale: 1.0,
                learned_positions: false,
                norm: Norm { kind: NormKind::Rms, epsilon, gain_offset: 0.0 },
                layers: Vec::new(),
                rotary: vec![rotary(config, head_dim, 10_000.0)?],
                logit_scale: 1.0,
                logit_softcap: None,
            },
            layer: Layer { attention, feed_forward, residual: Residual::PreNorm, residual_scale: 1.0 },
            layers: config.size("num_hidden_layers")?,
        })
    }

    /// All layers alike.
    pub(super) fn finish(self) -> Result<Architecture> {
        self.finish_with(|_, _| {})
    }

    /// Layers that differ: `change` gets the index of each.
    pub(super) fn finish_with(mut self, change: impl Fn(usize, &mut Layer)) -> Result<Architecture> {
        self.parts.layers = (0..check_layers(self.layers)?)
            .map(|index| {
                let mut layer = self.layer.clone();
                change(index, &mut layer);
                layer
            })
            .collect();
        self.parts.checked()
    }
}

/// 1 / √width.
pub(super) fn root(width: usize) -> f32 {
    narrow(1.0 / real(width).sqrt())
}

/// The activation function that the first of these keys names.
pub(super) fn activation(config: &Config, keys: &[&str], default: &str) -> Result<Activation> {
    let mut found = (keys[0], default);
    for &key in keys {
        if let Some(name) = config.text(key)? {
            found = (key, name);
            break;
        }
    }
    match found.1 {
        "silu" | "swish" => Ok(Activation::Silu),
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        other => Err(CheckpointError::unsupported(format!("the activation function `{other}` (`{}`)", found.0))),
    }
}

/// The window of attention, unless it is switched off.
pub(super) fn window(config: &Config) -> Result<Option<usize>> {
    config.optional_size("sliding_window")
}

/// Which layers have a window, by `layer_types`; `None` where the key is missing.
pub(super) fn windowed_layers(config: &Config) -> Result<Option<Vec<bool>>> {
    let Some(types) = config.texts("layer_types")? else { return Ok(None) };
    let windowed = |kind: &&str| match *kind {
        "sliding_attention" => Ok(true),
        "full_attention" => Ok(false),
        other => Err(CheckpointError::unsupported(format!("layers of type `{other}`"))),
    };
    types.iter().map(windowed).collect::<Result<_>>().map(Some)
}

/// The rotary embedding of heads of this width: `rope_parameters`, or `rope_theta` and `rope_scaling` of older files.
pub(super) fn rotary(config: &Config, head_dim: usize, default_base: f64) -> Result<Rotary> {
    match config.section("rope_parameters")? {
        Some(section) => scaled(config, &section, head_dim, default_base),
        None => {
            let base = config.real_or("rope_theta", default_base)?;
            let section = config.section("rope_scaling")?;
            match section {
                Some(section) => scaled(config, &section, head_dim, base),
                None => Rotary::new(Pairing::Halves, turned(config, config, head_dim)?, base, &Stretch::None),
            }
        }
    }
}

/// Dimensions that turn: all of a head, or a part of it.
fn turned(config: &Config, section: &Config, head_dim: usize) -> Result<usize> {
    let part = match section.optional_real("partial_rotary_factor")? {
        Some(part) => Some(part),
        None => config.optional_real("partial_rotary_factor")?.or(config.optional_real("rotary_pct")?),
    };
    let Some(part) = part else { return Ok(head_dim) };
    if !(part > 0.0 && part <= 1.0) {
        return Err(CheckpointError::metadata("partial_rotary_factor", format!("is {part}, outside 0..=1")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a head's width, cut off as the original does")]
    Ok((real(head_dim) * part) as usize)
}

/// A rotary embedding with the scaling of a section.
pub(super) fn scaled(config: &Config, section: &Config, head_dim: usize, default_base: f64) -> Result<Rotary> {
    let base = section.real_or("rope_theta", default_base)?;
    let width = turned(config, section, head_dim)?;
    let kind = match section.text("rope_type")? {
        Some(kind) => kind,
        None => section.text("type")?.unwrap_or("default"),
    };
    let context = config.size("max_position_embeddings")?;
    let usual = || match section.optional_size("original_max_position_embeddings")? {
        Some(usual) => Ok(usual),
        None => Ok(config.optional_size("original_max_position_embeddings")?.unwrap_or(context)),
    };
    let stretch = match kind {
        "default" => Stretch::None,
        "linear" => Stretch::Linear { factor: section.positive("factor")? },
        "llama3" => Stretch::Llama3 {
            factor: section.positive("factor")?,
            low: section.positive("low_freq_factor")?,
            high: section.positive("high_freq_factor")?,
            usual: usual()?,
        },
        "yarn" => Stretch::Yarn {
            factor: section.positive("factor")?,
            usual: usual()?,
            fast: section.real_or("beta_fast", 32.0)?,
            slow: section.real_or("beta_slow", 1.0)?,
            magnitude: yarn_magnitude(section)?,
            whole: section.switch_or("truncate", true)?,
        },
        "longrope" | "su" => {
            let divisors = |key: &str| section.reals(key)?.ok_or_else(|| CheckpointError::metadata(key, "is missing"));
            Stretch::Long {
                short: divisors("short_factor")?,
                long: divisors("long_factor")?,
                usual: usual()?,
                context,
                magnitude: section.optional_real("attention_factor")?,
            }
        }
        other => return Err(CheckpointError::unsupported(format!("rotary scaling `{other}`"))),
    };
    Rotary::new(Pairing::Halves, width, base, &stretch)
}

/// What YaRN multiplies rotated values by, where it does not follow from the factor alone.
fn yarn_magnitude(section: &Config) -> Result<Option<f64>> {
    if let Some(magnitude) = section.optional_real("attention_factor")? {
        return Ok(Some(magnitude));
    }
    let factor = section.positive("factor")?;
    let of = |weight: f64| if factor > 1.0 { 0.1 * weight * factor.ln() + 1.0 } else { 1.0 };
    match (section.optional_real("mscale")?, section.optional_real("mscale_all_dim")?) {
        (Some(weight), Some(all)) if weight != 0.0 && all != 0.0 => Ok(Some(of(weight) / of(all))),
        _ => Ok(None),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are at most 2^20")]
pub(super) fn real(size: usize) -> f64 {
    size as f64
}

#[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}
