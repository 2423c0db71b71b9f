//! Memory of a pass, reserved before the window opens: no step allocates more than the list of its requests.

use super::activations::Activations;
use super::attention;
use super::memory::{OutOfMemory, filled};
use crate::inference::architecture::{Architecture, FeedForward};

/// What a pass of up to `tokens` tokens writes to. All matrices are row-major, a row per token.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Tokens that a pass may have.
    pub(super) tokens: usize,
    /// The residual stream.
    pub(super) states: Vec<f32>,
    /// Behind the norm before attention.
    pub(super) normed: Vec<f32>,
    /// Behind the norm before the feed-forward block, where both read the same state.
    pub(super) normed_again: Vec<f32>,
    /// Queries, keys and values of each token.
    pub(super) projected: Vec<f32>,
    /// What attention gives.
    pub(super) mixed: Vec<f32>,
    /// Inside the feed-forward block.
    pub(super) inner: Vec<f32>,
    /// What a norm goes over before it is added to the residual stream, or an expert's part of it.
    pub(super) update: Vec<f32>,
    /// Scores of experts.
    pub(super) routes: Vec<f32>,
    /// Tokens of one expert.
    pub(super) gathered: Vec<f32>,
    /// What each of them is added to, and with which weight.
    pub(super) chosen: Vec<(usize, f32)>,
    /// Logits of the positions that were asked for last.
    pub(super) logits: Vec<f32>,
    /// Input of products in bytes.
    pub(super) activations: Activations,
    /// Per thread.
    pub(super) attention: Vec<f32>,
}

impl Workspace {
    /// Room for passes of `tokens` tokens, with logits for `positions` of them.
    ///
    /// # Errors
    /// When the system does not have the memory.
    pub(crate) fn new(architecture: &Architecture, tokens: usize, positions: usize, threads: usize) -> Result<Self, OutOfMemory> {
        let widest = |of: fn(&FeedForward) -> usize| architecture.layers.iter().map(|layer| of(&layer.feed_forward)).max().unwrap_or(0);
        let inner = widest(inner_width);
        let experts = widest(|block| if let FeedForward::Experts(experts) = block { experts.count } else { 0 });
        let attention = &architecture.layers[0].attention;
        let (heads, hidden) = (attention.heads * attention.head_dim, architecture.hidden);
        let projected = heads + 2 * attention.kv_heads * attention.head_dim;
        let room = |width: usize| filled("a pass", &[tokens, width], 0.0);
        Ok(Self {
            tokens,
            states: room(hidden)?,
            normed: room(hidden)?,
            normed_again: room(hidden)?,
            projected: room(projected)?,
            mixed: room(heads)?,
            inner: room(inner)?,
            update: room(hidden)?,
            routes: room(experts)?,
            gathered: if experts > 0 { room(hidden)? } else { Vec::new() },
            chosen: Vec::with_capacity(if experts > 0 { tokens } else { 0 }),
            logits: filled("logits", &[positions, architecture.vocabulary], 0.0)?,
            activations: Activations::with_capacity(tokens * hidden.max(heads).max(inner)),
            attention: filled("attention", &[threads, attention::scratch(attention)], 0.0)?,
        })
    }

    /// Whether passes of so many tokens, with so many logits of all positions together, fit.
    pub(crate) fn fits(&self, tokens: usize, logits: usize) -> bool {
        tokens <= self.tokens && logits <= self.logits.len()
    }
}

fn inner_width(block: &FeedForward) -> usize {
    match block {
        FeedForward::Dense { intermediate, .. } => *intermediate,
        FeedForward::Experts(experts) => experts.intermediate.max(experts.shared.map_or(0, |shared| shared.intermediate)),
    }
}
