//! Attention of one layer, from the normed state to what its output matrix takes.

use super::batch::Unit;
use super::cache::KvCache;
use super::layout::LayerWeights;
use super::rotary::Turn;
use crate::inference::architecture::Attention;
use crate::inference::executed::{Executed, Part};
use crate::inference::numbers::wide;
use candle_core::{Result, Tensor};
use candle_nn::ops::softmax_last_dim;

/// Attention of one layer over the tokens of a pass.
pub(super) struct Pass<'a> {
    pub(super) attention: &'a Attention,
    pub(super) weights: &'a LayerWeights,
    pub(super) layer: usize,
    pub(super) units: &'a [Unit],
    pub(super) turn: Option<&'a Turn>,
    pub(super) cache: &'a KvCache,
}

impl Pass<'_> {
    /// `[tokens, hidden]` to `[tokens, heads × head width]`.
    pub(super) fn compute(&self, normed: &Tensor, executed: &mut Executed) -> Result<Tensor> {
        let [queries, keys, values] = self.heads(normed, executed)?;
        let mixed = self.units.iter().map(|unit| {
            let of = |heads: &Tensor| unit_heads(heads, unit);
            self.cache.write(self.layer, unit, [&of(&keys)?, &of(&values)?])?;
            self.mix(unit, &of(&queries)?, executed)
        });
        match mixed.collect::<Result<Vec<_>>>()?.as_slice() {
            [mixed] => Ok(mixed.clone()),
            several => Tensor::cat(several, 0),
        }
    }

    /// Queries, keys and values, `[tokens, heads, head width]` each: projected, clipped, normed and turned.
    fn heads(&self, normed: &Tensor, executed: &mut Executed) -> Result<[Tensor; 3]> {
        let Attention { heads, kv_heads, head_dim, clip, head_norm, .. } = *self.attention;
        let projections = &self.weights.query_key_value;
        let projected = projections.iter().map(|linear| linear.forward(normed, Part::Linear, executed)).collect::<Result<Vec<_>>>()?;
        let mut projected = if let [projected] = &projected[..] { projected.clone() } else { Tensor::cat(&projected, 1)? };
        if let Some(limit) = clip {
            projected = projected.clamp(-limit, limit)?;
        }
        let projected = projected.reshape((normed.dim(0)?, heads + 2 * kv_heads, head_dim))?;
        let values = projected.narrow(1, heads + kv_heads, kv_heads)?;
        let norms = [&self.weights.query_norm, &self.weights.key_norm];
        let (Some(over), [Some(query_norm), Some(key_norm)]) = (head_norm, norms) else {
            let both = self.turned(projected.narrow(1, 0, heads + kv_heads)?)?;
            return Ok([both.narrow(1, 0, heads)?, both.narrow(1, heads, kv_heads)?, values]);
        };
        let queries = query_norm.apply_to_heads(over, &projected.narrow(1, 0, heads)?)?;
        let keys = key_norm.apply_to_heads(over, &projected.narrow(1, heads, kv_heads)?)?;
        Ok([self.turned(queries)?, self.turned(keys)?, values])
    }

    fn turned(&self, heads: Tensor) -> Result<Tensor> {
        self.turn.map_or(Ok(heads.clone()), |turn| turn.apply(&heads))
    }

    /// What queries of a unit, `[rows, heads, tokens, head width]`, make of its keys and values:
    /// `[rows × tokens, heads × head width]`.
    fn mix(&self, unit: &Unit, queries: &Tensor, executed: &mut Executed) -> Result<Tensor> {
        let Attention { heads, kv_heads, head_dim, scale, softcap, window, .. } = *self.attention;
        let (rows, tokens, view) = (unit.rows.len(), unit.tokens, unit.view(window));
        let [keys, values] = self.cache.read(self.layer, unit, &view.keys)?;

        // The queries of a group share its keys and values as rows of one product.
        let queries = (queries * f64::from(scale))?.reshape((rows, kv_heads, self.attention.group() * tokens, head_dim))?;
        let scores = queries.matmul(&keys.transpose(2, 3)?)?;
        let mut scores = scores.reshape((rows, heads, tokens, view.keys.len()))?;
        if let Some(cap) = softcap {
            scores = bend(&scores, cap)?;
        }
        if let Some(mask) = &view.mask {
            scores = scores.broadcast_add(mask)?;
        }
        let shares = softmax_last_dim(&scores)?.reshape((rows, kv_heads, self.attention.group() * tokens, view.keys.len()))?;
        let mixed = shares.matmul(&values)?.reshape((rows, heads, tokens, head_dim))?;
        // Scores and mixing are a product each.
        executed.add_attention(2 * wide(rows * heads) * wide(tokens * view.keys.len()) * wide(head_dim));
        let of_token = 2 * kv_heads * head_dim * keys.dtype().size_in_bytes();
        executed.add_cache(rows * view.keys.len() * of_token, rows * tokens * of_token);
        mixed.transpose(1, 2)?.reshape((rows * tokens, heads * head_dim))
    }
}

/// A unit's part of heads, as `[rows, heads, tokens, head width]`.
fn unit_heads(heads: &Tensor, unit: &Unit) -> Result<Tensor> {
    let (rows, tokens) = (unit.rows.len(), unit.tokens);
    let (_, count, width) = heads.dims3()?;
    heads.narrow(0, unit.first, rows * tokens)?.reshape((rows, tokens, count, width))?.transpose(1, 2)?.contiguous()
}

/// Bends values to stay below a cap, c · tanh(x / c).
pub(super) fn bend(values: &Tensor, cap: f32) -> Result<Tensor> {
    (values / f64::from(cap))?.tanh()? * f64::from(cap)
}
