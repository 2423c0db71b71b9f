//! A random llama small enough to write, load and run within a test.

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

pub(super) const LAYERS: usize = 2;
pub(super) const HIDDEN: usize = 32;
pub(super) const HEADS: usize = 4;
pub(super) const KV_HEADS: usize = 2;
pub(super) const HEAD_DIM: usize = 8;
pub(super) const INTERMEDIATE: usize = 64;
/// The 256 bytes and an end-of-sequence token.
pub(super) const VOCABULARY: usize = 257;
pub(super) const MAX_CONTEXT: u32 = 2048;
pub(super) const NORM_EPSILON: f32 = 1e-5;
pub(super) const ROPE_BASE: f32 = 500.0;
/// The last token of the vocabulary.
pub(super) const END: u32 = 256;

/// Metadata and tensors of a file.
pub(super) struct TinyModel {
    pub(super) metadata: Vec<(String, Value)>,
    pub(super) tensors: Vec<(String, QTensor)>,
}

impl TinyModel {
    /// A model with matrices of this type, norms in f32, and the embedding as head.
    pub(super) fn new(matrices: GgmlDType) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let (queries, keys) = (HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM);
        let mut tensors = vec![
            ("token_embd.weight".to_owned(), matrix(&mut random, VOCABULARY, HIDDEN, matrices)),
            ("output_norm.weight".to_owned(), norm(&mut random)),
        ];
        for layer in 0..LAYERS {
            let parts = [
                ("attn_q", queries, HIDDEN),
                ("attn_k", keys, HIDDEN),
                ("attn_v", keys, HIDDEN),
                ("attn_output", HIDDEN, queries),
                ("ffn_gate", INTERMEDIATE, HIDDEN),
                ("ffn_up", INTERMEDIATE, HIDDEN),
                ("ffn_down", HIDDEN, INTERMEDIATE),
            ];
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            tensors.extend(parts.map(|(part, rows, columns)| (name(part), matrix(&mut random, rows, columns, matrices))));
            tensors.extend(["attn_norm", "ffn_norm"].map(|part| (name(part), norm(&mut random))));
        }
        Self { metadata: metadata(), tensors }
    }

    /// The same model with a metadata value set or replaced.
    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self = self.without(key);
        self.metadata.push((key.to_owned(), value));
        self
    }

    /// The same model without a metadata key or a tensor.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.metadata.retain(|(key, _)| key != name);
        self.tensors.retain(|(tensor, _)| tensor != name);
        self
    }

    /// The same model with a random matrix added.
    pub(super) fn with_matrix(mut self, name: &str, rows: usize, columns: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(23);
        self.tensors.push((name.to_owned(), matrix(&mut random, rows, columns, GgmlDType::F32)));
        self
    }

    /// The same model with divisors of the rotary frequencies.
    pub(super) fn with_rope_factors(mut self, factors: &[f32; HEAD_DIM / 2]) -> Self {
        let factors = Tensor::new(factors, &Device::Cpu).unwrap();
        self.tensors.push(("rope_freqs.weight".to_owned(), QTensor::quantize(&factors, GgmlDType::F32).unwrap()));
        self
    }

    /// Values of a tensor as a reader sees them, row by row.
    pub(super) fn values(&self, name: &str) -> Option<Vec<f32>> {
        let (_, tensor) = self.tensors.iter().find(|(tensor, _)| tensor == name)?;
        Some(tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap())
    }

    /// The file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let metadata: Vec<_> = self.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let tensors: Vec<_> = self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        gguf_file::write(&mut file, &metadata, &tensors).unwrap();
        file.into_inner()
    }
}

fn matrix(random: &mut ChaCha8Rng, rows: usize, columns: usize, stored: GgmlDType) -> QTensor {
    let values: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-0.6..0.6)).collect();
    QTensor::quantize(&Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap(), stored).unwrap()
}

fn norm(random: &mut ChaCha8Rng) -> QTensor {
    let values: Vec<f32> = (0..HIDDEN).map(|_| random.random_range(0.5..1.5)).collect();
    QTensor::quantize(&Tensor::from_vec(values, HIDDEN, &Device::Cpu).unwrap(), GgmlDType::F32).unwrap()
}

fn metadata() -> Vec<(String, Value)> {
    let size = |size: usize| Value::U32(u32::try_from(size).unwrap());
    let mut tokens: Vec<_> = ByteLevel::alphabet().into_iter().map(String::from).collect();
    tokens.sort_unstable();
    tokens.push("<|end|>".to_owned());
    let mut types = vec![Value::I32(1); VOCABULARY];
    types[256] = Value::I32(3);
    [
        ("general.architecture", Value::String("llama".to_owned())),
        ("general.name", Value::String("Tiny".to_owned())),
        ("llama.block_count", size(LAYERS)),
        ("llama.embedding_length", size(HIDDEN)),
        ("llama.feed_forward_length", size(INTERMEDIATE)),
        ("llama.attention.head_count", size(HEADS)),
        ("llama.attention.head_count_kv", size(KV_HEADS)),
        ("llama.rope.dimension_count", size(HEAD_DIM)),
        ("llama.context_length", Value::U32(MAX_CONTEXT)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(NORM_EPSILON)),
        ("llama.rope.freq_base", Value::F32(ROPE_BASE)),
        ("tokenizer.ggml.model", Value::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre", Value::String("smollm".to_owned())),
        ("tokenizer.ggml.tokens", Value::Array(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.merges", Value::Array(Vec::<String>::new().into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.eos_token_id", Value::U32(END)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
