//! From the metadata of a GGUF file to a typed description of the decoder.
//!
//! What this decoder does not run is refused here: a model run without one of its parts gives wrong tokens silently.
//! Keys: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, section "LLM".

use super::EngineError;
use super::gguf::GgufFile;
use super::index::index;
use candle_core::quantized::gguf_file::Value;
use lem_domain::flops::ModelShape;
use std::collections::HashMap;

/// The architecture that this engine runs.
const ARCHITECTURE: &str = "llama";
/// Upper bound of every dimension. The largest published llama has 16,384; anything near the bound is damage.
const MAX_DIMENSION: u32 = 1 << 20;

/// A llama decoder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DecoderConfig {
    /// `general.architecture`.
    pub(super) architecture: String,
    /// `general.name`.
    pub(super) name: Option<String>,
    /// Transformer blocks.
    pub(super) layers: usize,
    /// Width of the residual stream.
    pub(super) hidden: usize,
    /// Query heads; a multiple of `kv_heads`.
    pub(super) heads: usize,
    /// Key/value heads.
    pub(super) kv_heads: usize,
    /// Width of a head; even.
    pub(super) head_dim: usize,
    /// Width inside the feed-forward block.
    pub(super) intermediate: usize,
    /// Rows of the embedding.
    pub(super) vocabulary: usize,
    /// Longest context, in tokens.
    pub(super) max_context: usize,
    /// Added to the mean square in norms.
    pub(super) norm_epsilon: f32,
    /// Base of the rotary frequencies.
    pub(super) rope_base: f64,
    /// Dimensions as recorded.
    pub(super) shape: ModelShape,
}

impl DecoderConfig {
    /// Reads and checks the metadata.
    pub(super) fn of(file: &GgufFile) -> Result<Self, EngineError> {
        let metadata = Metadata(file.metadata());
        let architecture = metadata.text("general.architecture")?.ok_or_else(|| missing("general.architecture"))?;
        if architecture != ARCHITECTURE {
            return Err(EngineError::Architecture { found: architecture });
        }
        metadata.refuse_unsupported()?;

        let layers = metadata.dimension("llama.block_count")?;
        let hidden = metadata.dimension("llama.embedding_length")?;
        let heads = metadata.dimension("llama.attention.head_count")?;
        let kv_heads = metadata.optional_dimension("llama.attention.head_count_kv")?.unwrap_or(heads);
        let head_dim = metadata.optional_dimension("llama.attention.key_length")?.unwrap_or(hidden / heads);
        let intermediate = metadata.dimension("llama.feed_forward_length")?;
        let max_context = metadata.count("llama.context_length")?.ok_or_else(|| missing("llama.context_length"))?;
        let vocabulary = vocabulary(file)?;
        metadata.check_heads(heads, kv_heads, head_dim)?;

        let shape = ModelShape { layers, hidden, heads, kv_heads, head_dim, intermediate, gated_mlp: true, vocabulary, max_context };
        Ok(Self {
            architecture,
            name: metadata.text("general.name")?,
            layers: index(layers),
            hidden: index(hidden),
            heads: index(heads),
            kv_heads: index(kv_heads),
            head_dim: index(head_dim),
            intermediate: index(intermediate),
            vocabulary: index(vocabulary),
            max_context: index(max_context),
            norm_epsilon: metadata.norm_epsilon()?,
            rope_base: metadata.rope_base()?,
            shape,
        })
    }
}

/// Rows of the embedding: the one place where the size of the vocabulary cannot be wrong.
fn vocabulary(file: &GgufFile) -> Result<u32, EngineError> {
    const NAME: &str = "token_embd.weight";
    let wrong = |problem: &str| EngineError::Tensor { name: NAME.to_owned(), problem: problem.to_owned() };
    let info = file.tensors().get(NAME).ok_or_else(|| wrong("is missing"))?;
    let rows = info.shape.dims().first().copied().unwrap_or_default();
    u32::try_from(rows).map_err(|_| wrong("has more rows than any vocabulary"))
}

fn missing(key: &str) -> EngineError {
    wrong(key, "is missing")
}

fn wrong(key: &str, problem: impl Into<String>) -> EngineError {
    EngineError::Metadata { key: key.to_owned(), problem: problem.into() }
}

struct Metadata<'a>(&'a HashMap<String, Value>);

impl Metadata<'_> {
    fn text(&self, key: &str) -> Result<Option<String>, EngineError> {
        let text = self.0.get(key).map(|value| value.to_string().cloned().map_err(|_| wrong(key, "is no text")));
        text.transpose()
    }

    /// A whole number; writers disagree on its width and sign.
    fn count(&self, key: &str) -> Result<Option<u32>, EngineError> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        let number = match *value {
            Value::U8(number) => Some(u32::from(number)),
            Value::U16(number) => Some(u32::from(number)),
            Value::U32(number) => Some(number),
            Value::U64(number) => u32::try_from(number).ok(),
            Value::I32(number) => u32::try_from(number).ok(),
            Value::I64(number) => u32::try_from(number).ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| wrong(key, "is no whole number of 32 bits"))
    }

    fn optional_dimension(&self, key: &str) -> Result<Option<u32>, EngineError> {
        match self.count(key)? {
            Some(number) if number == 0 || number > MAX_DIMENSION => Err(wrong(key, format!("is {number}, outside 1..={MAX_DIMENSION}"))),
            number => Ok(number),
        }
    }

    fn dimension(&self, key: &str) -> Result<u32, EngineError> {
        self.optional_dimension(key)?.ok_or_else(|| missing(key))
    }

    fn real(&self, key: &str) -> Result<Option<f64>, EngineError> {
        let number = match self.0.get(key) {
            None => return Ok(None),
            Some(Value::F32(number)) => f64::from(*number),
            Some(Value::F64(number)) => *number,
            Some(_) => return Err(wrong(key, "is no number with a fraction")),
        };
        if number.is_finite() && number > 0.0 { Ok(Some(number)) } else { Err(wrong(key, format!("is {number}, not positive"))) }
    }

    fn norm_epsilon(&self) -> Result<f32, EngineError> {
        const KEY: &str = "llama.attention.layer_norm_rms_epsilon";
        let epsilon = self.real(KEY)?.ok_or_else(|| missing(KEY))?;
        #[expect(clippy::cast_possible_truncation, reason = "norms are computed in f32")]
        Ok(epsilon as f32)
    }

    fn rope_base(&self) -> Result<f64, EngineError> {
        /// ggml's value for files that do not say.
        const DEFAULT: f64 = 10_000.0;
        Ok(self.real("llama.rope.freq_base")?.unwrap_or(DEFAULT))
    }

    fn check_heads(&self, heads: u32, kv_heads: u32, head_dim: u32) -> Result<(), EngineError> {
        if !heads.is_multiple_of(kv_heads) {
            return Err(wrong("llama.attention.head_count_kv", format!("is {kv_heads}, which does not divide {heads} heads")));
        }
        if head_dim == 0 || !head_dim.is_multiple_of(2) {
            return Err(wrong("llama.attention.key_length", format!("is {head_dim}, not a positive even number")));
        }
        for (key, feature) in [
            ("llama.attention.value_length", "values of another width than keys"),
            ("llama.rope.dimension_count", "a rotary embedding of a part of each head"),
        ] {
            if self.count(key)?.is_some_and(|width| width != head_dim) {
                return Err(EngineError::Unsupported { feature: feature.to_owned() });
            }
        }
        Ok(())
    }

    fn refuse_unsupported(&self) -> Result<(), EngineError> {
        let refuse = |feature: String| Err(EngineError::Unsupported { feature });
        if self.count("llama.expert_count")?.is_some_and(|experts| experts > 0) {
            return refuse("routed experts".to_owned());
        }
        if let Some(scaling) = self.text("llama.rope.scaling.type")?.filter(|scaling| scaling != "none") {
            return refuse(format!("rotary scaling `{scaling}`"));
        }
        // The key before `rope.scaling.*`; 1 is no scaling.
        if self.real("llama.rope.scale_linear")?.is_some_and(|factor| (factor - 1.0).abs() > f64::EPSILON) {
            return refuse("rotary scaling `linear`".to_owned());
        }
        Ok(())
    }
}
