//! The decoder: tokens of running requests to logits.

use super::EngineError;
use super::attention::attend;
use super::config::DecoderConfig;
use super::executed::Executed;
use super::kernels::{Accumulate, GatedSilu};
use super::kv_cache::KvCache;
use super::rotary::{Angles, Rotary};
use super::weights::{LayerWeights, Weights};
use candle_core::{Device, Tensor};
use candle_nn::ops::rms_norm;
use std::ops::Range;

/// New tokens of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// Its row in the cache.
    pub(super) row: usize,
    /// The tokens; at least one.
    pub(super) tokens: &'a [u32],
}

/// A llama, ready to run.
#[derive(Debug)]
pub(super) struct Decoder {
    config: DecoderConfig,
    weights: Weights,
    rotary: Rotary,
}

impl Decoder {
    /// Puts weights and their description together.
    pub(super) fn new(config: DecoderConfig, weights: Weights) -> Result<Self, EngineError> {
        let rotary = Rotary::new(config.head_dim, config.rope_base, weights.rope_factors.as_deref())?;
        Ok(Self { config, weights, rotary })
    }

    /// What it is.
    pub(super) fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// Bytes of the weights in memory.
    pub(super) fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// A cache for `rows` requests of at most `capacity` tokens, and whatever else contexts of that length need.
    pub(super) fn reserve(&mut self, rows: usize, capacity: usize) -> Result<KvCache, EngineError> {
        self.rotary.reserve(capacity)?;
        KvCache::new(&self.config, rows, capacity)
    }

    /// Runs new tokens of one or several requests, each behind what the cache holds of it, in one pass: linear layers
    /// see all tokens together, attention runs request by request. Gives the residual stream, `[tokens, hidden]`.
    pub(super) fn hidden_states(
        &self,
        segments: &[Segment<'_>],
        cache: &mut KvCache,
        executed: &mut Executed,
    ) -> Result<Tensor, EngineError> {
        let tokens: Vec<u32> = segments.iter().flat_map(|segment| segment.tokens).copied().collect();
        let positions = segments.iter().flat_map(|segment| positions(cache.length(segment.row), segment.tokens.len()));
        let angles = self.rotary.angles(&positions.collect::<Vec<_>>())?;
        let states = self.embed(&tokens)?;
        for (index, layer) in self.weights.layers.iter().enumerate() {
            let mut pass = LayerPass { config: &self.config, layer, index, segments, cache, angles: &angles, executed };
            states.inplace_op2(&pass.attention(&states)?, &Accumulate)?;
            states.inplace_op2(&pass.feed_forward(&states)?, &Accumulate)?;
        }
        segments.iter().for_each(|segment| cache.advance(segment.row, segment.tokens.len()));
        Ok(states)
    }

    /// Logits of the positions in `states`, `[positions, hidden]`: `[positions, vocabulary]`.
    pub(super) fn logits(&self, states: &Tensor, executed: &mut Executed) -> Result<Tensor, EngineError> {
        let normed = rms_norm(states, &self.weights.output_norm, self.config.norm_epsilon)?;
        self.weights.head.forward(&normed, executed)
    }

    fn embed(&self, tokens: &[u32]) -> Result<Tensor, EngineError> {
        match &self.weights.embedding {
            Some(embedding) => Ok(embedding.index_select(&Tensor::new(tokens, &Device::Cpu)?, 0)?),
            None => self.weights.head.rows(tokens),
        }
    }
}

fn positions(first: usize, count: usize) -> impl Iterator<Item = u32> {
    (first..first + count).map(|position| u32::try_from(position).expect("a context has at most 2^32 tokens"))
}

/// One block applied to the tokens of one pass.
struct LayerPass<'a> {
    config: &'a DecoderConfig,
    layer: &'a LayerWeights,
    index: usize,
    segments: &'a [Segment<'a>],
    cache: &'a KvCache,
    angles: &'a Angles,
    executed: &'a mut Executed,
}

impl LayerPass<'_> {
    fn attention(&mut self, states: &Tensor) -> Result<Tensor, EngineError> {
        let DecoderConfig { heads, kv_heads, head_dim, norm_epsilon, .. } = *self.config;
        let normed = rms_norm(states, &self.layer.attention_norm, norm_epsilon)?;
        let projected = self.layer.query_key_value.forward(&normed, self.executed)?;
        let projected = projected.reshape(((), heads + 2 * kv_heads, head_dim))?;
        let rotated = self.angles.rotate(&projected.narrow(1, 0, heads + kv_heads)?.contiguous()?)?;
        let queries = rotated.narrow(1, 0, heads)?;
        let keys = rotated.narrow(1, heads, kv_heads)?;
        let values = projected.narrow(1, heads + kv_heads, kv_heads)?;

        let mut mixed = Vec::with_capacity(self.segments.len());
        for (segment, tokens) in self.segments.iter().zip(token_ranges(self.segments)) {
            let of = |tensor: &Tensor| tensor.narrow(0, tokens.start, tokens.len());
            let new = [&of(&keys)?.contiguous()?, &of(&values)?.contiguous()?];
            let context = self.cache.append(segment.row, self.index, new)?;
            mixed.push(attend(&of(&queries)?, &context, self.executed)?);
        }
        let mixed = match mixed.as_slice() {
            [only] => only.clone(),
            several => Tensor::cat(several, 0)?,
        };
        self.layer.attention_output.forward(&mixed, self.executed)
    }

    fn feed_forward(&mut self, states: &Tensor) -> Result<Tensor, EngineError> {
        let normed = rms_norm(states, &self.layer.feed_forward_norm, self.config.norm_epsilon)?;
        let gate_up = self.layer.gate_up.forward(&normed, self.executed)?;
        self.layer.down.forward(&gate_up.apply_op1_no_bwd(&GatedSilu)?, self.executed)
    }
}

/// Where the tokens of each segment lie among all tokens of the pass.
fn token_ranges<'a>(segments: &'a [Segment<'_>]) -> impl Iterator<Item = Range<usize>> + use<'a> {
    segments.iter().scan(0, |start, segment| {
        let range = *start..*start + segment.tokens.len();
        *start = range.end;
        Some(range)
    })
}
