//! Keys and values of running requests on a device, in memory that is reserved before the window opens.

use super::batch::Unit;
use super::layout::{Placement, bytes};
use crate::inference::architecture::Architecture;
use crate::inference::rows::Rows;
use candle_core::{Result, Tensor};
use std::ops::Range;

/// One row per running request; rows fill up independently.
#[derive(Debug)]
pub(crate) struct KvCache {
    /// Keys and values of each layer, `[rows, kv heads, capacity, head width]`.
    layers: Vec<[Tensor; 2]>,
    rows: Rows,
    capacity: usize,
}

impl KvCache {
    /// Room for `rows` requests of at most `capacity` tokens.
    pub(super) fn new(architecture: &Architecture, place: &Placement, rows: usize, capacity: usize) -> Result<Self> {
        let layers = architecture.layers.iter().map(|layer| {
            let shape = (rows, layer.attention.kv_heads, capacity, layer.attention.head_dim);
            let zeros = || Tensor::zeros(shape, place.precision, &place.device);
            Ok([zeros()?, zeros()?])
        });
        Ok(Self { layers: layers.collect::<Result<_>>()?, rows: Rows::new(rows), capacity })
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.layers.iter().flatten().map(bytes).sum()
    }

    /// As [`Rows::begin`].
    pub(super) fn begin(&mut self, row: usize, context: usize) {
        self.rows.begin(row, context);
    }

    /// As [`Rows::context`].
    pub(super) fn context(&self, row: usize) -> usize {
        self.rows.context(row)
    }

    /// Forgets the tokens of a row from `length` on.
    pub(super) fn truncate(&mut self, row: usize, length: usize) {
        self.rows.truncate(row, length);
    }

    /// Makes row `to` hold what row `from` holds, of which it has the first `shared` tokens already.
    pub(super) fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<()> {
        let length = self.rows.copy(from, to);
        if from == to || shared >= length {
            return Ok(());
        }
        for held in self.layers.iter().flatten() {
            // A part of this tensor cannot be written from another one, so it goes through a tensor of its own.
            let new = held.narrow(0, from, 1)?.narrow(2, shared, length - shared)?.force_contiguous()?;
            held.narrow(0, to, 1)?.slice_set(&new, 2, shared)?;
        }
        Ok(())
    }

    /// Whether there is room for so many requests of so many tokens.
    pub(crate) fn fits(&self, rows: usize, capacity: usize) -> bool {
        rows <= self.rows.count() && capacity <= self.capacity
    }

    /// Tokens of a row.
    pub(crate) fn length(&self, row: usize) -> usize {
        self.rows.length(row)
    }

    /// Keeps what a pass has written.
    pub(super) fn advance(&mut self, unit: &Unit) {
        unit.rows.clone().for_each(|row| self.rows.advance(row, unit.tokens));
    }

    /// Writes keys and values of a unit's tokens, both `[rows, kv heads, tokens, head width]`, behind what its rows hold.
    pub(super) fn write(&self, layer: usize, unit: &Unit, new: [&Tensor; 2]) -> Result<()> {
        for (held, new) in self.layers[layer].iter().zip(new) {
            let (held, new) = (of_rows(held, &unit.rows)?, new.contiguous()?);
            match &unit.positions {
                None => held.slice_set(&new, 2, unit.starts[0])?,
                Some(positions) => held.scatter_set(&positions.broadcast_as(new.shape())?.contiguous()?, &new, 2)?,
            }
        }
        Ok(())
    }

    /// Keys and values of a unit's rows, `[rows, kv heads, positions, head width]`.
    pub(super) fn read(&self, layer: usize, unit: &Unit, positions: &Range<usize>) -> Result<[Tensor; 2]> {
        let [keys, values] = &self.layers[layer];
        let of = |held| of_rows(held, &unit.rows)?.narrow(2, positions.start, positions.len());
        Ok([of(keys)?, of(values)?])
    }
}

fn of_rows(held: &Tensor, rows: &Range<usize>) -> Result<Tensor> {
    held.narrow(0, rows.start, rows.len())
}
