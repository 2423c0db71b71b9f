//! Causal attention of one request over its keys and values.

use super::EngineError;
use super::executed::{Executed, Part};
use super::kernels::CausalSoftmax;
use candle_core::Tensor;

/// Attends `queries`, `[tokens, heads, head_dim]`, to `keys` and `values`, `[context, kv_heads, head_dim]` each, whose
/// last tokens are the queries' own. Gives `[tokens, heads × head_dim]`.
///
/// The query heads that share a key/value head become rows of one product, so that keys and values are not repeated.
/// The whole rectangle of scores is computed and what lies after each token is masked; `executed` counts it.
pub(super) fn attend(queries: &Tensor, [keys, values]: &[Tensor; 2], executed: &mut Executed) -> Result<Tensor, EngineError> {
    let (tokens, heads, head_dim) = queries.dims3()?;
    let (context, kv_heads, _) = keys.dims3()?;
    let group = heads / kv_heads;

    let by_head = queries.reshape((tokens, kv_heads, group, head_dim))?.transpose(0, 1)?;
    let folded = by_head.reshape((kv_heads, tokens * group, head_dim))?;
    let scores = folded.matmul(&keys.permute((1, 2, 0))?)?;
    scores.inplace_op1(&CausalSoftmax { past: context - tokens, group, scale: inverse_root(head_dim) })?;
    let mixed = scores.matmul(&values.transpose(0, 1)?)?;
    executed.add(Part::Attention, [kv_heads, tokens * group, head_dim, context]);
    executed.add(Part::Attention, [kv_heads, tokens * group, context, head_dim]);

    Ok(mixed.reshape((kv_heads, tokens, group * head_dim))?.transpose(0, 1)?.reshape((tokens, heads * head_dim))?)
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a head is at most 2^20 wide; scores are f32")]
fn inverse_root(head_dim: usize) -> f32 {
    (1.0 / (head_dim as f64).sqrt()) as f32
}
