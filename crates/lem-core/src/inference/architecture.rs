//! What a decoder is, as data: everything that tells one family of models from another.
//!
//! [`Architecture`] is read from a `config.json` or from the metadata of a GGUF file; an executor runs any of them.

mod attention;
mod feed_forward;
mod from_config;
mod from_gguf;
mod norm;
mod parts;
mod rotary;

pub(crate) use attention::{Attention, HeadNorm};
pub(crate) use feed_forward::{Activation, Experts, FeedForward, SharedExpert};
pub(crate) use norm::{Norm, NormKind};
pub(crate) use rotary::{Pairing, Rotary, Stretch, Table};

use parts::Parts;

use lem_domain::flops::ModelShape;

pub(crate) mod read {
    //! Readers of descriptions.
    pub(crate) use super::from_config::describe as config;
    pub(crate) use super::from_gguf::describe as gguf;
}

/// A decoder-only transformer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Architecture {
    /// The family, by the name its metadata gives it: `llama`, `qwen2`, ….
    pub(crate) family: String,
    /// Name of the model, where its metadata has one.
    pub(crate) name: Option<String>,
    /// Width of the residual stream.
    pub(crate) hidden: usize,
    /// Rows of the embedding.
    pub(crate) vocabulary: usize,
    /// Longest context, in tokens.
    pub(crate) max_context: usize,
    /// Multiplies embeddings.
    pub(crate) embedding_scale: f32,
    /// Learned positions, which are added to the embeddings.
    pub(crate) learned_positions: bool,
    /// Every norm of the residual stream.
    pub(crate) norm: Norm,
    /// Blocks, in order.
    pub(crate) layers: Vec<Layer>,
    /// Rotary embeddings that layers refer to.
    pub(crate) rotary: Vec<Rotary>,
    /// Multiplies logits.
    pub(crate) logit_scale: f32,
    /// Logits are bent to stay below this: c · tanh(x / c).
    pub(crate) logit_softcap: Option<f32>,
    /// Dimensions, as recorded.
    pub(crate) shape: ModelShape,
}

/// A block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    pub(crate) attention: Attention,
    pub(crate) feed_forward: FeedForward,
    pub(crate) residual: Residual,
    /// Multiplies what is added to the residual stream.
    pub(crate) residual_scale: f32,
}

/// Where norms stand, and what attention and feed-forward are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Residual {
    /// One after the other, each behind a norm: x + f(norm(x)).
    PreNorm,
    /// One after the other, each with a norm before it and one behind: x + norm(f(norm(x))).
    Sandwich,
    /// One after the other, each before a norm: x + norm(f(x)).
    PostNorm,
    /// Side by side, behind one norm: x + attention(norm(x)) + feed-forward(norm(x)).
    Parallel,
    /// Side by side, each behind a norm of its own.
    ParallelNorms,
}

impl Residual {
    /// Whether a norm stands before attention.
    pub(crate) const fn has_pre_norm(self) -> bool {
        !matches!(self, Self::PostNorm)
    }

    /// Whether a norm of its own stands before the feed-forward block.
    pub(crate) const fn has_feed_forward_norm(self) -> bool {
        matches!(self, Self::PreNorm | Self::Sandwich | Self::ParallelNorms)
    }

    /// Whether norms stand behind attention and feed-forward block.
    pub(crate) const fn has_post_norms(self) -> bool {
        matches!(self, Self::Sandwich | Self::PostNorm)
    }

    /// Whether both read the same state.
    pub(crate) const fn is_parallel(self) -> bool {
        matches!(self, Self::Parallel | Self::ParallelNorms)
    }
}
