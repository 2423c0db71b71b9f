//! Causal attention over what the cache holds, by a softmax that runs along the keys: scores of all keys at once are
//! never in memory.
//!
//! Milakov and Gimelshein 2018, "Online normalizer calculation for softmax", arXiv 1805.02867; Dao et al. 2022,
//! "FlashAttention", arXiv 2205.14135.

use super::cache::KvCache;
use super::panel::{by_rows, panel};
use super::pool::Pool;
use super::shared::Shared;
use super::simd::{LANES, Level, Operation, Simd, exp, tanh};
use crate::inference::architecture::Attention;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keys between two adjustments of the running softmax.
const KEYS: usize = 64;

/// Queries that share a pass over keys and values: twice as many as one product takes.
const QUERIES: usize = 12;

/// New tokens of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Its row in the cache.
    pub(crate) row: usize,
    /// Tokens that its text may have at most.
    pub(crate) context: usize,
    /// Position of its first new token in the request.
    pub(crate) start: usize,
    /// Position of that token among all tokens of the pass.
    pub(crate) first: usize,
    /// New tokens.
    pub(crate) tokens: usize,
}

/// Attention of one layer over the tokens of a pass.
pub(crate) struct Pass<'a> {
    pub(crate) level: Level,
    pub(crate) attention: &'a Attention,
    pub(crate) layer: usize,
    pub(crate) cache: &'a KvCache,
    pub(crate) spans: &'a [Span],
    /// Rows of `stride` values, the heads of the query first.
    pub(crate) queries: &'a [f32],
    pub(crate) stride: usize,
}

/// Values of scratch memory that a thread needs.
pub(crate) fn scratch(attention: &Attention) -> usize {
    QUERIES * (attention.head_dim + KEYS + attention.head_dim.next_multiple_of(LANES) + 2)
}

/// Products that were computed, in multiply-adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Computed {
    pub(crate) multiply_adds: u64,
}

impl Pass<'_> {
    /// Writes the mixed values, `[tokens][heads × head_dim]`; `scratch` holds [`scratch`] values for each thread.
    pub(crate) fn compute(&self, pool: &mut Pool, output: &mut [f32], scratch_memory: &mut [f32]) -> Computed {
        let Attention { kv_heads, head_dim, .. } = *self.attention;
        let per_thread = scratch(self.attention);
        let queries = self.queries_per_unit(pool.threads());
        let units = |span: &Span| kv_heads * (span.tokens * self.attention.group()).div_ceil(queries);
        let total = self.spans.iter().map(units).sum();
        let (output, memory) = (Shared::new(output), Shared::new(scratch_memory));
        let multiply_adds = AtomicU64::new(0);
        pool.split(total, 1, |thread, range| {
            for mut unit in range {
                let mut spans = self.spans.iter();
                let span = loop {
                    let span = spans.next().expect("a unit of one of the spans");
                    if unit < units(span) {
                        break span;
                    }
                    unit -= units(span);
                };
                let (head, block) = (unit % kv_heads, unit / kv_heads);
                let rows = span.tokens * self.attention.group();
                let first = block * queries;
                // SAFETY: scratch belongs to this thread.
                let memory = unsafe { memory.part(thread * per_thread, per_thread) };
                let unit = Unit { pass: self, span, head, first, rows: queries.min(rows - first), head_dim, memory, output };
                multiply_adds.fetch_add(self.level.run(unit), Ordering::Relaxed);
            }
        });
        Computed { multiply_adds: multiply_adds.into_inner() }
    }

    /// Few queries per unit where there would be too few units for the threads.
    fn queries_per_unit(&self, threads: usize) -> usize {
        let group = self.attention.group();
        let rows: usize = self.spans.iter().map(|span| span.tokens * group).sum();
        if threads > 1 && rows * self.attention.kv_heads < 4 * threads * QUERIES { group.min(QUERIES).div_ceil(2) } else { QUERIES }
    }
}

/// Some queries of one key/value head of a request: query `first + i` is that of token `(first + i) / group` and head
/// `(first + i) % group` of the group.
struct Unit<'a> {
    pass: &'a Pass<'a>,
    span: &'a Span,
    head: usize,
    first: usize,
    rows: usize,
    head_dim: usize,
    memory: &'a mut [f32],
    output: Shared<'a, f32>,
}

impl Unit<'_> {
    fn place(&self, row: usize) -> (usize, usize) {
        let group = self.pass.attention.group();
        ((self.first + row) / group, self.head * group + (self.first + row) % group)
    }

    /// Positions that a query attends to.
    fn context(&self, row: usize) -> (usize, usize) {
        let Range { start, end } = self.pass.attention.reach(self.span.start + self.place(row).0, 1);
        (start, end)
    }
}

impl Operation for Unit<'_> {
    type Output = u64;

    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) -> u64 {
        let (rows, head_dim) = (self.rows, self.head_dim);
        let Pass { attention, layer, cache, queries: all_queries, stride, .. } = *self.pass;
        let value_dim = cache.size().value_dim();
        let keys = cache.keys(self.span.row, layer, self.head);
        let values = cache.values(self.span.row, layer, self.head);

        let memory = std::mem::take(&mut self.memory);
        let (queries, memory) = memory.split_at_mut(QUERIES * head_dim);
        let (scores, memory) = memory.split_at_mut(QUERIES * KEYS);
        let (mixed, memory) = memory.split_at_mut(QUERIES * value_dim);
        let (largest, sums) = memory.split_at_mut(QUERIES);
        for row in 0..rows {
            let (token, head) = self.place(row);
            let query = &all_queries[(self.span.first + token) * stride + head * head_dim..][..head_dim];
            for (scaled, value) in queries[row * head_dim..][..head_dim].iter_mut().zip(query) {
                *scaled = value * attention.scale;
            }
        }
        mixed[..rows * value_dim].fill(0.0);
        largest[..rows].fill(f32::MIN);
        sums[..rows].fill(0.0);

        let start = self.context(0).0 / KEYS * KEYS;
        let end = self.context(rows - 1).1;
        let mut multiply_adds = 0;
        for block in (start..end).step_by(KEYS) {
            let width = KEYS.min(end - block);
            let tiles = width.div_ceil(LANES);
            // SAFETY of all products: queries, scores and mixed values have `rows` rows, and the cache holds what the
            // context spans.
            unsafe {
                for tile in 0..tiles {
                    let keys = &keys[(block + tile * LANES) * head_dim..][..LANES * head_dim];
                    by_rows!(rows, |row, M| {
                        let products = panel::<S, f32, M>(queries.as_ptr().add(row * head_dim), head_dim, keys.as_ptr(), LANES, head_dim);
                        for (index, product) in products.into_iter().enumerate() {
                            S::store(scores.as_mut_ptr().add((row + index) * KEYS + tile * LANES), product);
                        }
                    });
                }
                if let Some(cap) = attention.softcap {
                    bend::<S>(scores, cap);
                }
                for row in 0..rows {
                    let (low, high) = self.context(row);
                    let seen = low.saturating_sub(block).min(width)..high.saturating_sub(block).min(width);
                    let scores = &mut scores[row * KEYS..][..KEYS];
                    let scale = weigh::<S>(scores, seen, tiles, &mut largest[row], &mut sums[row]);
                    if let Some(scale) = scale {
                        rescale::<S>(&mut mixed[row * value_dim..][..value_dim], scale);
                    }
                }
                let values = &values[block * value_dim..][..width * value_dim];
                for column in (0..value_dim).step_by(LANES) {
                    by_rows!(rows, |row, M| {
                        let products =
                            panel::<S, f32, M>(scores.as_ptr().add(row * KEYS), KEYS, values.as_ptr().add(column), value_dim, width);
                        for (index, product) in products.into_iter().enumerate() {
                            let at = mixed.as_mut_ptr().add((row + index) * value_dim + column);
                            S::store(at, S::add(S::load(at), product));
                        }
                    });
                }
            }
            multiply_adds += rows * (tiles * LANES * head_dim + width * value_dim);
        }
        for row in 0..rows {
            let (token, head) = self.place(row);
            // SAFETY: each query's place in the output is its own.
            let output = unsafe { self.output.part((self.span.first + token) * attention.heads * head_dim + head * head_dim, head_dim) };
            let inverse = 1.0 / sums[row];
            for (output, mixed) in output.iter_mut().zip(&mixed[row * value_dim..]) {
                *output = mixed * inverse;
            }
        }
        multiply_adds as u64
    }
}

/// Bends scores to stay below a cap.
#[inline(always)]
unsafe fn bend<S: Simd>(scores: &mut [f32], cap: f32) {
    for scores in scores.chunks_exact_mut(LANES) {
        // SAFETY: sixteen of them.
        unsafe {
            let bent = tanh::<S>(S::mul(S::load(scores.as_ptr()), S::splat(1.0 / cap)));
            S::store(scores.as_mut_ptr(), S::mul(bent, S::splat(cap)));
        }
    }
}

/// Turns scores into weights relative to the largest score so far, those outside of `seen` into 0. Gives what earlier
/// weights have to be multiplied by, if by anything.
#[inline(always)]
unsafe fn weigh<S: Simd>(scores: &mut [f32], seen: std::ops::Range<usize>, tiles: usize, largest: &mut f32, sum: &mut f32) -> Option<f32> {
    let found = scores[seen.clone()].iter().copied().fold(*largest, f32::max);
    let scale = (found > *largest && *sum > 0.0).then(|| (*largest - found).exp());
    *largest = found;
    // SAFETY: the tiles lie within the scores.
    unsafe {
        for tile in scores[..tiles * LANES].chunks_exact_mut(LANES) {
            S::store(tile.as_mut_ptr(), exp::<S>(S::sub(S::load(tile.as_ptr()), S::splat(found))));
        }
        scores[..seen.start].fill(0.0);
        scores[seen.end..tiles * LANES].fill(0.0);
        let mut sums = S::splat(0.0);
        for tile in scores[..tiles * LANES].chunks_exact(LANES) {
            sums = S::add(sums, S::load(tile.as_ptr()));
        }
        *sum = *sum * scale.unwrap_or(1.0) + S::sum(sums);
    }
    scale
}

#[inline(always)]
unsafe fn rescale<S: Simd>(values: &mut [f32], scale: f32) {
    for values in values.chunks_exact_mut(LANES) {
        // SAFETY: sixteen of them.
        unsafe { S::store(values.as_mut_ptr(), S::mul(S::load(values.as_ptr()), S::splat(scale))) };
    }
}
