//! Attention of a block.

use super::NormKind;
use std::ops::Range;

/// Causal attention with grouped heads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attention {
    /// Query heads; a multiple of `kv_heads`.
    pub(crate) heads: usize,
    /// Key/value heads.
    pub(crate) kv_heads: usize,
    /// Width of a head.
    pub(crate) head_dim: usize,
    /// Multiplies scores.
    pub(crate) scale: f32,
    /// Scores are bent to stay below this: c · tanh(x / c).
    pub(crate) softcap: Option<f32>,
    /// A token attends to this many tokens up to itself; `None` attends to all.
    pub(crate) window: Option<usize>,
    /// Which rotary embedding; `None` where positions are added to the embeddings.
    pub(crate) rotary: Option<usize>,
    /// A norm of queries and keys before they are rotated.
    pub(crate) head_norm: Option<HeadNorm>,
    /// Queries, keys and values are cut off at this magnitude.
    pub(crate) clip: Option<f32>,
}

/// What a norm of queries and keys goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadNorm {
    /// Each head, with one gain per dimension of a head or one per dimension of all heads.
    Head(NormKind),
    /// All heads together.
    Whole(NormKind),
}

impl Attention {
    /// Query heads that share a key/value head.
    pub(crate) fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Positions that any of `tokens` tokens attends to, of which the first stands at `start`.
    pub(crate) fn reach(&self, start: usize, tokens: usize) -> Range<usize> {
        self.window.map_or(0, |window| (start + 1).saturating_sub(window))..start + tokens
    }
}
