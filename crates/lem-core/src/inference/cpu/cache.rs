//! Keys and values of running requests, in memory that is reserved before the window opens.

use super::memory::{OutOfMemory, filled};
use super::shared::Shared;
use super::simd::LANES;
use crate::inference::rows::Rows;
use std::ops::Range;

/// One row per running request; rows fill up independently.
///
/// Keys lie in tiles of sixteen tokens, `[layer][kv head][tile][dimension][token]`, so that one value of a query meets
/// sixteen keys at once; values token by token, `[layer][kv head][token][dimension]`.
#[derive(Debug)]
pub(crate) struct KvCache {
    keys: Vec<f32>,
    values: Vec<f32>,
    rows: Rows,
    size: Size,
}

/// Dimensions of a cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) layers: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    /// Tokens of a row.
    pub(crate) capacity: usize,
}

impl Size {
    /// Dimensions of a value as they lie in memory: whole vectors of lanes.
    pub(crate) fn value_dim(self) -> usize {
        self.head_dim.next_multiple_of(LANES)
    }

    /// Bytes of the keys and values of a token in one layer.
    pub(crate) fn token_bytes(self) -> usize {
        self.kv_heads * (self.head_dim + self.value_dim()) * size_of::<f32>()
    }

    fn key_head(self) -> usize {
        self.capacity * self.head_dim
    }

    fn value_head(self) -> usize {
        self.capacity * self.value_dim()
    }

    fn head(self, row: usize, layer: usize, head: usize) -> usize {
        (row * self.layers + layer) * self.kv_heads + head
    }
}

/// Where new tokens of one layer go, by any thread.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    keys: Shared<'a, f32>,
    values: Shared<'a, f32>,
    size: Size,
    layer: usize,
}

impl KvCache {
    /// Room as asked, the capacity rounded up to whole tiles.
    ///
    /// # Errors
    /// When the system does not have the memory.
    pub(crate) fn new(size: Size) -> Result<Self, OutOfMemory> {
        let size = Size { capacity: size.capacity.next_multiple_of(LANES), ..size };
        // A value that is not zero: pages of zeros are not there before something is written to them.
        let room = |width| filled("keys and values", &[size.rows, size.layers, size.kv_heads, size.capacity, width], f32::MIN_POSITIVE);
        Ok(Self { keys: room(size.head_dim)?, values: room(size.value_dim())?, rows: Rows::new(size.rows), size })
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Whether `rows` requests of `tokens` tokens fit.
    pub(crate) fn fits(&self, rows: usize, tokens: usize) -> bool {
        rows <= self.rows.count() && tokens <= self.size.capacity
    }

    /// Bytes reserved.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.keys.as_slice()) + size_of_val(self.values.as_slice())
    }

    /// As [`Rows::begin`].
    pub(crate) fn begin(&mut self, row: usize, context: usize) {
        self.rows.begin(row, context);
    }

    /// Tokens of a row.
    pub(crate) fn length(&self, row: usize) -> usize {
        self.rows.length(row)
    }

    /// As [`Rows::context`].
    pub(crate) fn context(&self, row: usize) -> usize {
        self.rows.context(row)
    }

    /// Forgets what a row holds from `length` on.
    pub(crate) fn truncate(&mut self, row: usize, length: usize) {
        self.rows.truncate(row, length);
    }

    /// Makes row `to` hold what row `from` holds, of which it has the first `shared` tokens already.
    pub(crate) fn copy(&mut self, from: usize, to: usize, shared: usize) {
        let length = self.rows.copy(from, to);
        if from == to || shared >= length {
            return;
        }
        let Size { layers, kv_heads, head_dim, .. } = self.size;
        let (value_dim, key_head, value_head) = (self.size.value_dim(), self.size.key_head(), self.size.value_head());
        // Keys go by whole tiles.
        let keys = shared / LANES * LANES * head_dim..length.next_multiple_of(LANES) * head_dim;
        let values = shared * value_dim..length * value_dim;
        for head in 0..layers * kv_heads {
            let (source, target) = (from * layers * kv_heads + head, to * layers * kv_heads + head);
            let at = |head: usize, size: usize, range: &Range<usize>| head * size + range.start..head * size + range.end;
            self.keys.copy_within(at(source, key_head, &keys), target * key_head + keys.start);
            self.values.copy_within(at(source, value_head, &values), target * value_head + values.start);
        }
    }

    /// Makes `tokens` written tokens part of a row, once all layers have them.
    pub(crate) fn advance(&mut self, row: usize, tokens: usize) {
        self.rows.advance(row, tokens);
    }

    /// A way to write the tokens of one layer.
    pub(crate) fn writer(&mut self, layer: usize) -> Writer<'_> {
        Writer { keys: Shared::new(&mut self.keys), values: Shared::new(&mut self.values), size: self.size, layer }
    }

    /// Keys of a head: tiles of `[dimension][token]`.
    pub(crate) fn keys(&self, row: usize, layer: usize, head: usize) -> &[f32] {
        &self.keys[self.size.head(row, layer, head) * self.size.key_head()..][..self.size.key_head()]
    }

    /// Values of a head: `[token][dimension]`.
    pub(crate) fn values(&self, row: usize, layer: usize, head: usize) -> &[f32] {
        &self.values[self.size.head(row, layer, head) * self.size.value_head()..][..self.size.value_head()]
    }
}

impl Writer<'_> {
    /// Writes key and value of one head of a token.
    ///
    /// # Safety
    /// No other thread writes or reads this token of this row.
    pub(crate) unsafe fn put(&self, row: usize, head: usize, position: usize, key: &[f32], value: &[f32]) {
        let Size { head_dim, .. } = self.size;
        let head = self.size.head(row, self.layer, head);
        let tile = head * self.size.key_head() + position / LANES * LANES * head_dim + position % LANES;
        for (dimension, &element) in key.iter().enumerate() {
            // SAFETY: the caller's promise; a lane of a tile belongs to one token.
            unsafe { self.keys.part(tile + dimension * LANES, 1)[0] = element };
        }
        let start = head * self.size.value_head() + position * self.size.value_dim();
        // SAFETY: as above.
        unsafe { self.values.part(start, head_dim) }.copy_from_slice(value);
    }
}
