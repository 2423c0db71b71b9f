//! Weights of a decoder, whatever its executor makes of a matrix.
//!
//! [`Layout`] says how an executor keeps what a checkpoint holds; the structure around it is the same for all.

use super::architecture::NormKind;
use super::checkpoint::{CheckpointError, Stored};

/// How an executor keeps matrices and norms.
pub(crate) trait Layout {
    /// A matrix, and what is added to each of its outputs.
    type Linear: Footprint;
    /// A norm with its gain and bias.
    type Norm: Footprint;

    /// Lays out the rows of several matrices of one format and number of inputs, one matrix after the other, with a bias
    /// per row or none.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn linear(&self, parts: &[Stored<'_>], bias: Option<Vec<f32>>) -> Result<Self::Linear, CheckpointError>;

    /// Lays out a norm.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn norm(&self, norm: NormWeights) -> Result<Self::Norm, CheckpointError>;
}

/// What takes memory.
pub(crate) trait Footprint {
    /// Bytes in memory.
    fn bytes(&self) -> usize;
}

/// All weights.
#[derive(Debug)]
pub(crate) struct Weights<L, N> {
    /// An output per token of the vocabulary: rows are embeddings, and products logits where it is the head as well.
    pub(crate) embedding: L,
    /// An output per position, where positions are learned.
    pub(crate) positions: Option<L>,
    pub(crate) layers: Vec<LayerWeights<L, N>>,
    pub(crate) output_norm: N,
    /// The language-model head, unless it is the embedding.
    pub(crate) head: Option<L>,
}

/// Weights of one block; norms where its [`crate::inference::architecture::Residual`] has them.
#[derive(Debug)]
pub(crate) struct LayerWeights<L, N> {
    pub(crate) attention_norm: Option<N>,
    /// Queries, keys and values, in this order: one matrix, or several where their formats differ.
    pub(crate) query_key_value: Vec<L>,
    /// Gains of a head, or of all heads.
    pub(crate) query_norm: Option<N>,
    pub(crate) key_norm: Option<N>,
    pub(crate) attention_output: L,
    pub(crate) attention_post_norm: Option<N>,
    pub(crate) feed_forward_norm: Option<N>,
    pub(crate) feed_forward: FeedForwardWeights<L>,
    pub(crate) feed_forward_post_norm: Option<N>,
}

/// A norm with its gain and bias.
#[derive(Clone, Debug)]
pub(crate) struct NormWeights {
    pub(crate) kind: NormKind,
    pub(crate) epsilon: f32,
    /// One per value.
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

/// Weights of a feed-forward block.
#[derive(Debug)]
pub(crate) enum FeedForwardWeights<L> {
    Dense(Box<DenseWeights<L>>),
    Experts(Box<ExpertWeights<L>>),
}

/// Weights of a dense block or of one expert.
#[derive(Debug)]
pub(crate) struct DenseWeights<L> {
    pub(crate) gate: Option<L>,
    pub(crate) up: L,
    pub(crate) down: L,
}

/// Weights of routed experts.
#[derive(Debug)]
pub(crate) struct ExpertWeights<L> {
    /// An output per expert.
    pub(crate) router: L,
    pub(crate) experts: Vec<DenseWeights<L>>,
    pub(crate) shared: Option<SharedWeights<L>>,
}

/// Weights of an expert that every token goes through.
#[derive(Debug)]
pub(crate) struct SharedWeights<L> {
    /// One output: its sigmoid weighs the expert.
    pub(crate) score: L,
    pub(crate) expert: DenseWeights<L>,
}

impl<L, N> Weights<L, N> {
    /// The matrix that gives logits.
    pub(crate) fn head(&self) -> &L {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

impl<L: Footprint, N: Footprint> Footprint for Weights<L, N> {
    fn bytes(&self) -> usize {
        let linears = [Some(&self.embedding), self.positions.as_ref(), self.head.as_ref()];
        let layers: usize = self.layers.iter().map(Footprint::bytes).sum();
        layers + linears.into_iter().flatten().map(Footprint::bytes).sum::<usize>() + self.output_norm.bytes()
    }
}

impl<L: Footprint, N: Footprint> Footprint for LayerWeights<L, N> {
    fn bytes(&self) -> usize {
        let norms = [
            &self.attention_norm,
            &self.query_norm,
            &self.key_norm,
            &self.attention_post_norm,
            &self.feed_forward_norm,
            &self.feed_forward_post_norm,
        ];
        let feed_forward = match &self.feed_forward {
            FeedForwardWeights::Dense(dense) => dense.bytes(),
            FeedForwardWeights::Experts(experts) => experts.bytes(),
        };
        norms.into_iter().flatten().map(Footprint::bytes).sum::<usize>()
            + self.query_key_value.iter().map(Footprint::bytes).sum::<usize>()
            + self.attention_output.bytes()
            + feed_forward
    }
}

impl Footprint for NormWeights {
    fn bytes(&self) -> usize {
        size_of_val(self.gain.as_slice()) + self.bias.as_ref().map_or(0, |bias| size_of_val(bias.as_slice()))
    }
}

impl<L: Footprint> Footprint for DenseWeights<L> {
    fn bytes(&self) -> usize {
        self.gate.as_ref().map_or(0, Footprint::bytes) + self.up.bytes() + self.down.bytes()
    }
}

impl<L: Footprint> Footprint for ExpertWeights<L> {
    fn bytes(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |shared| shared.score.bytes() + shared.expert.bytes());
        self.router.bytes() + shared + self.experts.iter().map(Footprint::bytes).sum::<usize>()
    }
}
