//! A description as it was read, before it was checked as a whole.

use super::{Architecture, FeedForward, Layer, Norm, Rotary};
use crate::inference::checkpoint::CheckpointError;
use lem_domain::flops::{ExpertLayers, ModelShape, WindowedLayers};

/// A bound on the number of blocks, so that a damaged number takes no memory; published models have up to some hundred.
pub(super) fn check_layers(layers: usize) -> Result<usize, CheckpointError> {
    const MOST: usize = 4096;
    if layers <= MOST {
        Ok(layers)
    } else {
        Err(CheckpointError::metadata("the number of layers", format!("is {layers}, more than any model has")))
    }
}

/// What a reader found: the fields of [`Architecture`].
pub(super) struct Parts {
    pub(super) family: String,
    pub(super) name: Option<String>,
    pub(super) hidden: usize,
    pub(super) vocabulary: usize,
    pub(super) max_context: usize,
    pub(super) embedding_scale: f32,
    pub(super) learned_positions: bool,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
    pub(super) rotary: Vec<Rotary>,
    pub(super) logit_scale: f32,
    pub(super) logit_softcap: Option<f32>,
}

impl Parts {
    /// Checks what no part can be checked for alone.
    pub(super) fn checked(self) -> Result<Architecture, CheckpointError> {
        let wrong = |key: &str, problem: String| Err(CheckpointError::metadata(key, problem));
        let Some(first) = self.layers.first() else { return wrong("layers", "are none".to_owned()) };
        let attention = &first.attention;
        let (heads, kv_heads, head_dim) = (attention.heads, attention.kv_heads, attention.head_dim);
        if !heads.is_multiple_of(kv_heads) {
            return wrong("key/value heads", format!("are {kv_heads}, which does not divide {heads} heads"));
        }
        if head_dim == 0 || !head_dim.is_multiple_of(2) {
            return wrong("the width of a head", format!("is {head_dim}, not a positive even number"));
        }
        for rotary in &self.rotary {
            if 2 * rotary.frequencies.len() > head_dim {
                return wrong("the rotary width", format!("is {}, wider than a head of {head_dim}", 2 * rotary.frequencies.len()));
            }
        }
        for layer in &self.layers {
            if let FeedForward::Experts(experts) = &layer.feed_forward
                && experts.per_token > experts.count
            {
                return wrong("experts per token", format!("are {} of {}", experts.per_token, experts.count));
            }
        }
        let shape = self.shape();
        let Self { family, name, hidden, vocabulary, max_context, embedding_scale, learned_positions, norm, layers, rotary, .. } = self;
        let (logit_scale, logit_softcap) = (self.logit_scale, self.logit_softcap);
        Ok(Architecture {
            family,
            name,
            hidden,
            vocabulary,
            max_context,
            embedding_scale,
            learned_positions,
            norm,
            layers,
            rotary,
            logit_scale,
            logit_softcap,
            shape,
        })
    }

    fn shape(&self) -> ModelShape {
        let attention = &self.layers[0].attention;
        let dense = self.layers.iter().find_map(|layer| match layer.feed_forward {
            FeedForward::Dense { intermediate, gated, .. } => Some((intermediate, gated)),
            FeedForward::Experts(_) => None,
        });
        let (intermediate, gated_mlp) = dense.unwrap_or((0, true));
        ModelShape {
            layers: count(self.layers.len()),
            hidden: count(self.hidden),
            heads: count(attention.heads),
            kv_heads: count(attention.kv_heads),
            head_dim: count(attention.head_dim),
            intermediate: count(intermediate),
            gated_mlp,
            vocabulary: count(self.vocabulary),
            max_context: count(self.max_context),
            windowed: self.windowed(),
            experts: self.experts(),
        }
    }

    /// Layers with a window; all of a model's windows are of one length.
    fn windowed(&self) -> Option<WindowedLayers> {
        let mut windows = self.layers.iter().filter_map(|layer| layer.attention.window);
        let window = count(windows.next()?);
        Some(WindowedLayers { layers: count(windows.count() + 1), window })
    }

    /// Layers with routed experts; all of a model's are alike.
    fn experts(&self) -> Option<ExpertLayers> {
        let mut layers = self.layers.iter().filter_map(|layer| match &layer.feed_forward {
            FeedForward::Experts(experts) => Some(experts),
            FeedForward::Dense { .. } => None,
        });
        let experts = layers.next()?;
        Some(ExpertLayers {
            layers: count(layers.count() + 1),
            count: count(experts.count),
            per_token: count(experts.per_token),
            intermediate: count(experts.intermediate),
            shared_intermediate: count(experts.shared.map_or(0, |shared| shared.intermediate)),
        })
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
