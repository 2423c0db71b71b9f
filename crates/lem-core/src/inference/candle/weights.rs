//! The tensors of a llama, read from its file and laid out for the decoder.

use super::EngineError;
use super::config::DecoderConfig;
use super::executed::Part;
use super::gguf::{GgufFile, type_name};
use super::linear::{Linear, bytes};
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use std::collections::BTreeSet;

/// All weights, in f32.
#[derive(Debug)]
pub(super) struct Weights {
    /// Embedding; `None` when it shares its matrix with the head.
    pub(super) embedding: Option<Tensor>,
    /// Blocks, in order.
    pub(super) layers: Vec<LayerWeights>,
    /// Scale of the last norm.
    pub(super) output_norm: Tensor,
    /// Language-model head.
    pub(super) head: Linear,
    /// Divisors of the rotary frequencies, where the model has them.
    pub(super) rope_factors: Option<Vec<f32>>,
}

/// Weights of one block.
#[derive(Debug)]
pub(super) struct LayerWeights {
    /// Scale of the norm before attention.
    pub(super) attention_norm: Tensor,
    /// Queries, keys and values in one matrix.
    pub(super) query_key_value: Linear,
    /// Output of attention.
    pub(super) attention_output: Linear,
    /// Scale of the norm before the feed-forward block.
    pub(super) feed_forward_norm: Tensor,
    /// Gate and up in one matrix.
    pub(super) gate_up: Linear,
    /// Down.
    pub(super) down: Linear,
}

impl Weights {
    /// Reads every tensor of the file. One that no place is known for is refused: leaving it out would give wrong
    /// tokens silently.
    pub(super) fn read(file: &mut GgufFile, config: &DecoderConfig, threads: usize) -> Result<Self, EngineError> {
        let mut reader = Reader { file, config, threads, read: BTreeSet::new() };
        let weights = reader.weights()?;
        let Reader { file, read, .. } = reader;
        match file.tensors().keys().find(|&name| !read.contains(name)) {
            Some(unknown) => Err(EngineError::Unsupported { feature: format!("a tensor `{unknown}`") }),
            None => Ok(weights),
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let layers: usize = self.layers.iter().map(LayerWeights::bytes).sum();
        layers + self.head.bytes() + bytes(&self.output_norm) + self.embedding.as_ref().map_or(0, bytes)
    }
}

impl LayerWeights {
    fn bytes(&self) -> usize {
        let matrices = [&self.query_key_value, &self.attention_output, &self.gate_up, &self.down];
        matrices.into_iter().map(Linear::bytes).sum::<usize>() + bytes(&self.attention_norm) + bytes(&self.feed_forward_norm)
    }
}

/// What runs, in words: the types that the matrices of the blocks were stored in, and what became of them.
pub(super) fn kernel(file: &GgufFile) -> String {
    let matrices = file.tensors().iter().filter(|(name, info)| name.starts_with("blk.") && info.shape.rank() == 2);
    let stored: BTreeSet<String> =
        matrices.filter(|(_, info)| info.ggml_dtype != GgmlDType::F32).map(|(_, info)| type_name(info.ggml_dtype)).collect();
    if stored.is_empty() {
        return "f32 gemm, weights as stored".to_owned();
    }
    format!("f32 gemm, weights dequantised at load from {}", stored.into_iter().collect::<Vec<_>>().join(" and "))
}

struct Reader<'a> {
    file: &'a mut GgufFile,
    config: &'a DecoderConfig,
    threads: usize,
    read: BTreeSet<String>,
}

impl Reader<'_> {
    fn weights(&mut self) -> Result<Weights, EngineError> {
        let DecoderConfig { hidden, vocabulary, head_dim, layers, .. } = *self.config;
        let embedding = self.tensor("token_embd.weight", &[vocabulary, hidden])?;
        let layers = (0..layers).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        let output_norm = self.tensor("output_norm.weight", &[hidden])?;
        let head = self.optional("output.weight", &[vocabulary, hidden])?;
        let rope_factors = self.optional("rope_freqs.weight", &[head_dim / 2])?.map(|factors| factors.to_vec1()).transpose()?;
        let (embedding, head) = match head {
            Some(head) => (Some(embedding), head),
            None => (None, embedding),
        };
        Ok(Weights { embedding, layers, output_norm, head: self.stack(Part::Head, &[head])?, rope_factors })
    }

    fn layer(&mut self, layer: usize) -> Result<LayerWeights, EngineError> {
        let DecoderConfig { hidden, heads, kv_heads, head_dim, intermediate, .. } = *self.config;
        let (queries, keys) = (heads * head_dim, kv_heads * head_dim);
        let mut tensor = |part: &str, shape: &[usize]| self.tensor(&format!("blk.{layer}.{part}.weight"), shape);
        let attention_norm = tensor("attn_norm", &[hidden])?;
        let query_key_value =
            [tensor("attn_q", &[queries, hidden])?, tensor("attn_k", &[keys, hidden])?, tensor("attn_v", &[keys, hidden])?];
        let attention_output = tensor("attn_output", &[hidden, queries])?;
        let feed_forward_norm = tensor("ffn_norm", &[hidden])?;
        let gate_up = [tensor("ffn_gate", &[intermediate, hidden])?, tensor("ffn_up", &[intermediate, hidden])?];
        let down = tensor("ffn_down", &[hidden, intermediate])?;
        Ok(LayerWeights {
            attention_norm,
            query_key_value: self.stack(Part::Linear, &query_key_value)?,
            attention_output: self.stack(Part::Linear, &[attention_output])?,
            feed_forward_norm,
            gate_up: self.stack(Part::Linear, &gate_up)?,
            down: self.stack(Part::Linear, &[down])?,
        })
    }

    fn stack(&self, part: Part, matrices: &[Tensor]) -> Result<Linear, EngineError> {
        Linear::stack(part, matrices, self.threads)
    }

    fn optional(&mut self, name: &str, shape: &[usize]) -> Result<Option<Tensor>, EngineError> {
        if self.file.tensors().contains_key(name) { self.tensor(name, shape).map(Some) } else { Ok(None) }
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, EngineError> {
        self.read.insert(name.to_owned());
        self.file.tensor_f32(name, shape)
    }
}
