//! What happens to queries, keys and values between their projection and attention.

use crate::inference::architecture::{Attention, HeadNorm, Layer};
use crate::inference::cpu::attention::Span;
use crate::inference::cpu::cache::Writer;
use crate::inference::cpu::layout::LayerWeights;
use crate::inference::cpu::norm::Row;
use crate::inference::cpu::pool::Pool;
use crate::inference::cpu::rotary::Angles;
use crate::inference::cpu::shared::Shared;
use crate::inference::cpu::simd::{Level, Operation, Simd};
use crate::inference::weights::NormWeights;

/// Tokens of one part of the job.
const TOKENS: usize = 8;

/// Clips, normalises and turns queries and keys in place, and writes keys and values to the cache.
#[expect(clippy::too_many_arguments, reason = "all that a token's heads meet between two products")]
pub(super) fn finish(
    pool: &mut Pool,
    level: Level,
    spans: &[Span],
    layer: &Layer,
    weights: &LayerWeights,
    angles: Option<&Angles>,
    projected: &mut [f32],
    writer: Writer<'_>,
) {
    let attention = &layer.attention;
    let stride = (attention.heads + 2 * attention.kv_heads) * attention.head_dim;
    let tokens = projected.len() / stride;
    let projected = Shared::new(projected);
    pool.split(tokens, TOKENS, |_, range| {
        for token in range {
            let span = spans.iter().rfind(|span| span.first <= token).expect("a token of one of the spans");
            // SAFETY: each token belongs to one part.
            let row = unsafe { projected.part(token * stride, stride) };
            let position = span.start + token - span.first;
            let norms = [weights.query_norm.as_ref(), weights.key_norm.as_ref()];
            let angles = angles.map(|angles| (angles, angles.line(position, span.context)));
            level.run(Token { level, attention, norms, angles, row });
            let (keys, values) = row[attention.heads * attention.head_dim..].split_at(attention.kv_heads * attention.head_dim);
            let heads = keys.chunks_exact(attention.head_dim).zip(values.chunks_exact(attention.head_dim));
            for (head, (key, value)) in heads.enumerate() {
                // SAFETY: each token belongs to one part.
                unsafe { writer.put(span.row, head, position, key, value) };
            }
        }
    });
}

/// Heads of one token.
struct Token<'a> {
    level: Level,
    attention: &'a Attention,
    /// Of queries and of keys.
    norms: [Option<&'a NormWeights>; 2],
    /// With the line of its position.
    angles: Option<(&'a Angles, usize)>,
    row: &'a mut [f32],
}

impl Operation for Token<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { level, attention, norms, angles, row } = self;
        let Attention { heads, kv_heads, head_dim, .. } = *attention;
        if let Some(limit) = attention.clip {
            row.iter_mut().for_each(|value| *value = value.clamp(-limit, limit));
        }
        let (queries, rest) = row.split_at_mut(heads * head_dim);
        let keys = &mut rest[..kv_heads * head_dim];
        for (heads, norm) in [queries, keys].into_iter().zip(norms) {
            if let (Some(norm), Some(over)) = (norm, attention.head_norm) {
                normalise(level, norm, over, heads, head_dim);
            }
            if let Some((angles, line)) = angles {
                heads.chunks_exact_mut(head_dim).for_each(|head| angles.turn(line, head));
            }
        }
    }
}

/// Normalises heads, each for itself or all together.
fn normalise(level: Level, norm: &NormWeights, over: HeadNorm, heads: &mut [f32], head_dim: usize) {
    let width = if let HeadNorm::Whole(_) = over { heads.len() } else { head_dim };
    let gains = norm.gain.len() / width;
    for (index, head) in heads.chunks_exact_mut(width).enumerate() {
        let start = index % gains * width;
        let bias = norm.bias.as_ref().map(|bias| &bias[start..][..width]);
        level.run(Row { norm, gain: &norm.gain[start..][..width], bias, values: head });
    }
}
