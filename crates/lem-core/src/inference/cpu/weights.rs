//! Weights of a decoder, laid out for products.

use super::matrix::Linear;
use super::norm::NormWeights;

/// All weights.
#[derive(Debug)]
pub(crate) struct Weights {
    /// An output per token of the vocabulary: rows are embeddings, and products logits where it is the head as well.
    pub(crate) embedding: Linear,
    /// An output per position, where positions are learned.
    pub(crate) positions: Option<Linear>,
    pub(crate) layers: Vec<LayerWeights>,
    pub(crate) output_norm: NormWeights,
    /// The language-model head, unless it is the embedding.
    pub(crate) head: Option<Linear>,
}

/// Weights of one block; norms where its [`crate::inference::architecture::Residual`] has them.
#[derive(Debug)]
pub(crate) struct LayerWeights {
    pub(crate) attention_norm: Option<NormWeights>,
    /// Queries, keys and values, in this order: one matrix, or several where their formats differ.
    pub(crate) query_key_value: Vec<Linear>,
    /// Gains of a head, or of all heads.
    pub(crate) query_norm: Option<NormWeights>,
    pub(crate) key_norm: Option<NormWeights>,
    pub(crate) attention_output: Linear,
    pub(crate) attention_post_norm: Option<NormWeights>,
    pub(crate) feed_forward_norm: Option<NormWeights>,
    pub(crate) feed_forward: FeedForwardWeights,
    pub(crate) feed_forward_post_norm: Option<NormWeights>,
}

/// Weights of a feed-forward block.
#[derive(Debug)]
pub(crate) enum FeedForwardWeights {
    Dense(Box<DenseWeights>),
    Experts(Box<ExpertWeights>),
}

/// Weights of a dense block or of one expert.
#[derive(Debug)]
pub(crate) struct DenseWeights {
    pub(crate) gate: Option<Linear>,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// Weights of routed experts.
#[derive(Debug)]
pub(crate) struct ExpertWeights {
    /// An output per expert.
    pub(crate) router: Linear,
    pub(crate) experts: Vec<DenseWeights>,
    pub(crate) shared: Option<SharedWeights>,
}

/// Weights of an expert that every token goes through.
#[derive(Debug)]
pub(crate) struct SharedWeights {
    /// One output: its sigmoid weighs the expert.
    pub(crate) score: Linear,
    pub(crate) expert: DenseWeights,
}

impl Weights {
    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let linears = [Some(&self.embedding), self.positions.as_ref(), self.head.as_ref()];
        let layers: usize = self.layers.iter().map(LayerWeights::bytes).sum();
        layers + linears.into_iter().flatten().map(Linear::bytes).sum::<usize>() + self.output_norm.bytes()
    }

    /// The matrix that gives logits.
    pub(crate) fn head(&self) -> &Linear {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}

impl LayerWeights {
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
        norms.into_iter().flatten().map(NormWeights::bytes).sum::<usize>()
            + self.query_key_value.iter().map(Linear::bytes).sum::<usize>()
            + self.attention_output.bytes()
            + feed_forward
    }
}

impl DenseWeights {
    fn bytes(&self) -> usize {
        self.gate.as_ref().map_or(0, Linear::bytes) + self.up.bytes() + self.down.bytes()
    }
}

impl ExpertWeights {
    fn bytes(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |shared| shared.score.bytes() + shared.expert.bytes());
        self.router.bytes() + shared + self.experts.iter().map(DenseWeights::bytes).sum::<usize>()
    }
}
