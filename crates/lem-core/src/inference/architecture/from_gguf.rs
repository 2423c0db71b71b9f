//! From the metadata of a GGUF file to a description.
//!
//! Keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, section "LLM"; what they mean for each architecture:
//! `llama-model.cpp` of <https://github.com/ggml-org/llama.cpp>.

use super::{
    Activation, Architecture, Attention, Experts, FeedForward, HeadNorm, Layer, Norm, NormKind, Pairing, Parts, Residual, Rotary,
    SharedExpert, Stretch,
};
use crate::inference::checkpoint::{Checkpoint, CheckpointError, Fused, Gguf, Metadata, Names, Projections};

type Result<T> = std::result::Result<T, CheckpointError>;

/// What tells an architecture from a llama, beyond what its metadata say.
struct Traits {
    name: &'static str,
    pairing: Pairing,
    norm: NormKind,
    residual: Residual,
    activation: Activation,
    /// A norm of queries and keys.
    head_norm: Option<HeadNorm>,
    /// Embeddings are multiplied by the root of their width.
    scaled_embedding: bool,
    /// Every how many layers one sees everything while the others see a window; 1 is every layer.
    window_period: Option<usize>,
    /// Base of the rotary frequencies in layers with a window.
    window_base: Option<f64>,
}

impl Traits {
    const LLAMA: Self = Self {
        name: "llama",
        pairing: Pairing::Neighbours,
        norm: NormKind::Rms,
        residual: Residual::PreNorm,
        activation: Activation::Silu,
        head_norm: None,
        scaled_embedding: false,
        window_period: None,
        window_base: None,
    };

    const ALL: &'static [Self] = &[
        Self::LLAMA,
        Self { name: "qwen2", pairing: Pairing::Halves, ..Self::LLAMA },
        Self { name: "qwen2moe", pairing: Pairing::Halves, ..Self::LLAMA },
        Self { name: "qwen3", pairing: Pairing::Halves, head_norm: Some(HeadNorm::Head(NormKind::Rms)), ..Self::LLAMA },
        Self { name: "qwen3moe", pairing: Pairing::Halves, head_norm: Some(HeadNorm::Head(NormKind::Rms)), ..Self::LLAMA },
        Self { name: "gemma", pairing: Pairing::Halves, activation: Activation::GeluTanh, scaled_embedding: true, ..Self::LLAMA },
        Self {
            name: "gemma2",
            pairing: Pairing::Halves,
            activation: Activation::GeluTanh,
            scaled_embedding: true,
            residual: Residual::Sandwich,
            window_period: Some(2),
            ..Self::LLAMA
        },
        Self {
            name: "gemma3",
            pairing: Pairing::Halves,
            activation: Activation::GeluTanh,
            scaled_embedding: true,
            residual: Residual::Sandwich,
            head_norm: Some(HeadNorm::Head(NormKind::Rms)),
            window_period: Some(6),
            window_base: Some(10_000.0),
            ..Self::LLAMA
        },
        Self {
            name: "phi2",
            pairing: Pairing::Halves,
            norm: NormKind::Layer,
            residual: Residual::Parallel,
            activation: Activation::GeluTanh,
            ..Self::LLAMA
        },
        Self { name: "phi3", pairing: Pairing::Halves, window_period: Some(1), ..Self::LLAMA },
        Self { name: "gpt2", norm: NormKind::Layer, activation: Activation::GeluTanh, ..Self::LLAMA },
        Self { name: "gptneox", pairing: Pairing::Halves, norm: NormKind::Layer, activation: Activation::Gelu, ..Self::LLAMA },
        Self {
            name: "falcon",
            pairing: Pairing::Halves,
            norm: NormKind::Layer,
            residual: Residual::Parallel,
            activation: Activation::Gelu,
            ..Self::LLAMA
        },
        Self { name: "stablelm", pairing: Pairing::Halves, norm: NormKind::Layer, ..Self::LLAMA },
        Self {
            name: "olmo2",
            pairing: Pairing::Halves,
            residual: Residual::PostNorm,
            head_norm: Some(HeadNorm::Whole(NormKind::Rms)),
            ..Self::LLAMA
        },
        Self { name: "granite", ..Self::LLAMA },
    ];
}

/// Architectures of GGUF files that are run.
fn supported() -> Vec<&'static str> {
    Traits::ALL.iter().map(|traits| traits.name).collect()
}

/// Reads and checks the metadata of a file; gives what its tensors are called as well.
///
/// # Errors
/// When the architecture is none that is run, or a key is missing or out of bounds.
pub(crate) fn describe(file: &Gguf) -> Result<(Architecture, Names)> {
    let metadata = file.metadata();
    let missing = || CheckpointError::metadata("general.architecture", "is missing");
    let family = metadata.text("general.architecture")?.ok_or_else(missing)?;
    let traits = Traits::ALL.iter().find(|traits| traits.name == family);
    let traits = traits.ok_or_else(|| CheckpointError::Architecture { found: family.to_owned(), supported: supported() })?;
    let keys = Keys { metadata, family };
    Ok((keys.describe(traits, file)?, names(family, file)))
}

/// Fused projections, where this file has them.
fn names(family: &str, file: &Gguf) -> Names {
    let mut names = Names::GGUF;
    if file.get("blk.0.attn_qkv.weight").is_some() {
        names.projections = Projections::Fused("blk.{layer}.attn_qkv", Fused::Stacked);
    }
    if family == "falcon" && file.get("blk.0.attn_norm_2.weight").is_some() {
        // In files of Falcon 40B the second norm is that of attention.
        names.attention_norm = "blk.{layer}.attn_norm_2";
        names.feed_forward_norm = "blk.{layer}.attn_norm";
    }
    names
}

struct Keys<'a> {
    metadata: Metadata<'a>,
    family: &'a str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    fn size(&self, name: &str) -> Result<usize> {
        self.metadata.size(&self.key(name))
    }

    fn optional_size(&self, name: &str) -> Result<Option<usize>> {
        self.metadata.optional_size(&self.key(name))
    }

    fn real(&self, name: &str) -> Result<Option<f64>> {
        self.metadata.real(&self.key(name))
    }

    fn describe(&self, traits: &Traits, file: &Gguf) -> Result<Architecture> {
        let hidden = self.size("embedding_length")?;
        let layers = super::parts::check_layers(self.size("block_count")?)?;
        let attention = self.attention(hidden, traits)?;
        let rotary = self.rotary(traits, file, attention.head_dim)?;
        let learned_positions = self.family == "gpt2";
        let feed_forward = self.feed_forward(traits, file)?;
        let residual = self.residual(traits, file)?;
        let period = traits.window_period;
        let layers = (0..layers)
            .map(|index| {
                // The last one of each period sees everything, unless all have the window.
                let windowed = period.is_some_and(|period| period == 1 || (index + 1) % period != 0);
                let window = attention.window.filter(|_| windowed);
                let local = windowed && traits.window_base.is_some();
                let rotary = (!learned_positions).then_some(usize::from(local));
                Layer {
                    attention: Attention { window, rotary, ..attention.clone() },
                    feed_forward: feed_forward.clone(),
                    residual,
                    residual_scale: narrow(self.real("residual_scale").ok().flatten().unwrap_or(1.0)),
                }
            })
            .collect();
        let epsilon = match traits.norm {
            NormKind::Rms => "attention.layer_norm_rms_epsilon",
            NormKind::Layer => "attention.layer_norm_epsilon",
        };
        #[expect(clippy::cast_precision_loss, reason = "a width is at most 2^20")]
        let embedding_scale = if traits.scaled_embedding { (hidden as f64).sqrt() } else { self.real("embedding_scale")?.unwrap_or(1.0) };
        Parts {
            family: self.family.to_owned(),
            name: self.metadata.text("general.name")?.map(str::to_owned),
            hidden,
            vocabulary: vocabulary(file)?,
            max_context: self.size("context_length")?,
            embedding_scale: narrow(embedding_scale),
            learned_positions,
            // Converted files store gains as they are applied.
            norm: Norm { kind: traits.norm, epsilon: narrow(self.metadata.positive(&self.key(epsilon))?), gain_offset: 0.0 },
            layers,
            rotary,
            // Granite's is a divisor.
            logit_scale: narrow(1.0 / self.real("logit_scale")?.unwrap_or(1.0)),
            logit_softcap: self.real("final_logit_softcapping")?.map(narrow),
        }
        .checked()
    }

    fn attention(&self, hidden: usize, traits: &Traits) -> Result<Attention> {
        let heads = self.size("attention.head_count")?;
        let kv_heads = self.optional_size("attention.head_count_kv")?.unwrap_or(heads);
        let head_dim = self.optional_size("attention.key_length")?.unwrap_or(hidden / heads);
        if self.optional_size("attention.value_length")?.is_some_and(|width| width != head_dim) {
            return Err(CheckpointError::unsupported("values of another width than keys"));
        }
        #[expect(clippy::cast_precision_loss, reason = "a head is at most 2^20 wide")]
        let scale = 1.0 / (head_dim as f64).sqrt();
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        // Gemma 2 27B and Gemma 3 27B scale by the width of the residual stream over the heads.
        let scale = match (self.family, self.optional_size("block_count")?) {
            ("gemma2", Some(46)) | ("gemma3", Some(62)) => 1.0 / (hidden as f64 / heads as f64).sqrt(),
            _ => self.real("attention.scale")?.unwrap_or(scale),
        };
        let clip = self.real("attention.clamp_kqv")?.map(narrow);
        Ok(Attention {
            heads,
            kv_heads,
            head_dim,
            scale: narrow(scale),
            softcap: self.real("attn_logit_softcapping")?.map(narrow),
            window: if traits.window_period.is_some() { self.optional_size("attention.sliding_window")? } else { None },
            rotary: None,
            head_norm: traits.head_norm,
            clip,
        })
    }

    fn residual(&self, traits: &Traits, file: &Gguf) -> Result<Residual> {
        let parallel = self.metadata.switch(&self.key("use_parallel_residual"))?.unwrap_or(false);
        Ok(match self.family {
            "gptneox" if parallel => Residual::ParallelNorms,
            "falcon" if file.get("blk.0.attn_norm_2.weight").is_some() => Residual::ParallelNorms,
            "stablelm" if parallel => Residual::Parallel,
            _ => traits.residual,
        })
    }

    fn feed_forward(&self, traits: &Traits, file: &Gguf) -> Result<FeedForward> {
        let activation = traits.activation;
        let Some(count) = self.metadata.count(&self.key("expert_count"))?.filter(|&count| count > 0) else {
            let gated = file.get("blk.0.ffn_gate.weight").is_some() || self.family == "phi3";
            return Ok(FeedForward::Dense { intermediate: self.size("feed_forward_length")?, gated, activation });
        };
        let intermediate = match self.optional_size("expert_feed_forward_length")? {
            Some(width) => width,
            None => self.size("feed_forward_length")?,
        };
        let shared = self.optional_size("expert_shared_feed_forward_length")?.map(|intermediate| SharedExpert { intermediate });
        Ok(FeedForward::Experts(Experts {
            count: usize::try_from(count).unwrap_or(usize::MAX),
            per_token: self.size("expert_used_count")?,
            intermediate,
            activation,
            // Mixtral's and Qwen3's weights are those of the chosen experts alone.
            normalise: self.family != "qwen2moe",
            shared,
        }))
    }

    fn rotary(&self, traits: &Traits, file: &Gguf, head_dim: usize) -> Result<Vec<Rotary>> {
        /// ggml's value for files that do not say.
        const BASE: f64 = 10_000.0;
        let width = self.optional_size("rope.dimension_count")?.unwrap_or(head_dim);
        let base = self.real("rope.freq_base")?.unwrap_or(BASE);
        let context = self.size("context_length")?;
        let mut stretch = self.stretch(context)?;
        if let Some(factors) = divisors(file, "rope_freqs.weight", width)? {
            stretch = Stretch::Divisors(factors);
        }
        if let (Some(short), Some(long)) =
            (divisors(file, "rope_factors_short.weight", width)?, divisors(file, "rope_factors_long.weight", width)?)
        {
            let usual = self.optional_size("rope.scaling.original_context_length")?.unwrap_or(context);
            let magnitude = self.real("rope.scaling.attn_factor")?;
            stretch = Stretch::Long { short, long, usual, context, magnitude };
        }
        let whole = Rotary::new(traits.pairing, width, base, &stretch)?;
        Ok(match traits.window_base {
            Some(base) => vec![whole, Rotary::new(traits.pairing, width, base, &Stretch::None)?],
            None => vec![whole],
        })
    }

    fn stretch(&self, context: usize) -> Result<Stretch> {
        // The key before `rope.scaling.*`.
        let linear = self.real("rope.scale_linear")?;
        let factor = self.real("rope.scaling.factor")?.or(linear).unwrap_or(1.0);
        Ok(match self.metadata.text(&self.key("rope.scaling.type"))? {
            None if linear.is_some() => Stretch::Linear { factor },
            None | Some("none") => Stretch::None,
            Some("linear") => Stretch::Linear { factor },
            Some("yarn") => Stretch::Yarn {
                factor,
                usual: self.optional_size("rope.scaling.original_context_length")?.unwrap_or(context),
                fast: self.real("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                slow: self.real("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
                magnitude: None,
                whole: true,
            },
            // The frequencies come as tensors.
            Some("longrope") => Stretch::None,
            Some(other) => return Err(CheckpointError::unsupported(format!("rotary scaling `{other}`"))),
        })
    }
}

/// Divisors of the rotary frequencies, where the file has them.
fn divisors(file: &Gguf, name: &str, width: usize) -> Result<Option<Vec<f64>>> {
    let Some(tensor) = file.get(name) else { return Ok(None) };
    if tensor.shape != [width / 2] || !tensor.format.is_float() {
        return Err(CheckpointError::tensor(name, format!("has shape {:?} instead of [{}]", tensor.shape, width / 2)));
    }
    Ok(Some(crate::inference::checkpoint::floats(tensor.format, tensor.bytes).into_iter().map(f64::from).collect()))
}

/// Rows of the embedding: the one place where the size of the vocabulary cannot be wrong.
fn vocabulary(file: &Gguf) -> Result<usize> {
    const NAME: &str = "token_embd.weight";
    let tensor = file.get(NAME).ok_or_else(|| CheckpointError::tensor(NAME, "is missing"))?;
    Ok(tensor.shape.first().copied().unwrap_or_default())
}

#[expect(clippy::cast_possible_truncation, reason = "activations are f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
