//! Keys and values of running requests, in memory that is reserved before the window opens.

use super::EngineError;
use super::config::DecoderConfig;
use super::linear::bytes;
use candle_core::{DType, Device, Tensor};

/// One row per running request; rows fill up independently.
#[derive(Debug)]
pub(super) struct KvCache {
    rows: Vec<Row>,
    capacity: usize,
}

#[derive(Debug)]
struct Row {
    /// Per layer: keys and values, each `[capacity, kv_heads, head_dim]`.
    layers: Vec<[Tensor; 2]>,
    length: usize,
}

impl KvCache {
    /// Room for `rows` requests of at most `capacity` tokens.
    ///
    /// The memory is written, not only mapped, so that its page faults happen here and not in the window.
    pub(super) fn new(config: &DecoderConfig, rows: usize, capacity: usize) -> Result<Self, EngineError> {
        let shape = (capacity, config.kv_heads, config.head_dim);
        let tensor = || Tensor::ones(shape, DType::F32, &Device::Cpu);
        let row = || {
            let layers = (0..config.layers).map(|_| Ok([tensor()?, tensor()?])).collect::<Result<_, candle_core::Error>>()?;
            Ok(Row { layers, length: 0 })
        };
        Ok(Self { rows: (0..rows).map(|_| row()).collect::<Result<_, candle_core::Error>>()?, capacity })
    }

    /// Whether `rows` requests of `tokens` tokens fit.
    pub(super) fn fits(&self, rows: usize, tokens: usize) -> bool {
        rows <= self.rows.len() && tokens <= self.capacity
    }

    /// Bytes reserved.
    pub(super) fn bytes(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.layers).flatten().map(bytes).sum()
    }

    /// Tokens of a row.
    pub(super) fn length(&self, row: usize) -> usize {
        self.rows[row].length
    }

    /// Forgets all tokens.
    pub(super) fn clear(&mut self) {
        self.rows.iter_mut().for_each(|row| row.length = 0);
    }

    /// Puts keys and values of new tokens, `[tokens, kv_heads, head_dim]` each, behind those of a row, and gives all
    /// of that row and layer: `[length + tokens, kv_heads, head_dim]`. The row's length changes only with
    /// [`Self::advance`], after all layers.
    pub(super) fn append(&self, row: usize, layer: usize, new: [&Tensor; 2]) -> Result<[Tensor; 2], EngineError> {
        let Row { layers, length } = &self.rows[row];
        let [keys, values] = &layers[layer];
        let [new_keys, new_values] = new;
        let end = length + new_keys.dim(0)?;
        keys.slice_set(new_keys, 0, *length)?;
        values.slice_set(new_values, 0, *length)?;
        Ok([keys.narrow(0, 0, end)?, values.narrow(0, 0, end)?])
    }

    /// Makes `tokens` appended tokens part of a row.
    pub(super) fn advance(&mut self, row: usize, tokens: usize) {
        self.rows[row].length += tokens;
    }
}
