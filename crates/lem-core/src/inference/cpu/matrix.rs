//! Weight matrices, laid out for products with few rows of activations and with many.
//!
//! Outputs go in tiles of sixteen: one vector of lanes. Within a tile the weights of the sixteen outputs lie side by side,
//! so that a value of the input, spread over all lanes, multiplies them at once, and the weights are read once from front
//! to back. Several rows of input share each read.

mod blocks;
mod element;
mod pack;
mod product;

pub(crate) use element::Element;
pub(crate) use product::{Destination, Linear, Products, Update};

use super::activations::Takes;
use super::simd::LANES;
use blocks::Blocks;

/// A matrix of `outputs × inputs` weights.
#[derive(Debug)]
pub(crate) struct Matrix {
    outputs: usize,
    inputs: usize,
    tiles: Tiles,
}

/// Weights of all tiles, one tile after the other.
#[derive(Debug)]
enum Tiles {
    /// Element `(tile × inputs + input) × 16 + lane`.
    F32(Vec<f32>),
    /// As above, in IEEE half precision.
    F16(Vec<u16>),
    /// In bfloat16, two inputs side by side: element `(tile × inputs + input) × 16 + 2 × lane` for an even input, the place
    /// behind it for the next one. There is an even number of them.
    Bf16(Vec<u16>),
    /// Blocks of codes with a scale each.
    Blocks(Blocks),
}

impl Matrix {
    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    fn tile_count(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// How products take the input, beside f32.
    pub(crate) fn takes(&self) -> Takes {
        Takes { bytes: matches!(self.tiles, Tiles::Blocks(_)), halves: matches!(self.tiles, Tiles::Bf16(_)) }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.tiles {
            Tiles::F32(weights) => size_of_val(weights.as_slice()),
            Tiles::F16(weights) | Tiles::Bf16(weights) => size_of_val(weights.as_slice()),
            Tiles::Blocks(blocks) => blocks.bytes(),
        }
    }

    /// The weights of one output, in f32: the embedding of a token, when the matrix is one.
    ///
    /// # Panics
    /// When there is no such output, or `row` has another length than there are inputs.
    pub(crate) fn read_output(&self, output: usize, row: &mut [f32]) {
        assert!(output < self.outputs && row.len() == self.inputs, "output {output} of {}", self.outputs);
        let (tile, lane) = (output / LANES, output % LANES);
        let at = |input: usize| (tile * self.inputs + input) * LANES + lane;
        match &self.tiles {
            Tiles::F32(weights) => row.iter_mut().enumerate().for_each(|(input, value)| *value = weights[at(input)]),
            Tiles::F16(weights) => {
                row.iter_mut().enumerate().for_each(|(input, value)| *value = half::f16::from_bits(weights[at(input)]).to_f32());
            }
            Tiles::Bf16(weights) => {
                let at = |input: usize| (tile * self.inputs + input / 2 * 2) * LANES + 2 * lane + input % 2;
                row.iter_mut().enumerate().for_each(|(input, value)| *value = half::bf16::from_bits(weights[at(input)]).to_f32());
            }
            Tiles::Blocks(blocks) => blocks.read_lane(tile, lane, row),
        }
    }
}

#[cfg(test)]
mod tests;
