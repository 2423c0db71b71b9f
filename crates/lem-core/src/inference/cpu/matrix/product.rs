//! Products of matrices with rows of input, split among threads by tiles.

use super::element::Half;
use super::{Matrix, Tiles};
use crate::inference::architecture::Activation;
use crate::inference::cpu::activations::Input;
use crate::inference::cpu::panel::{by_rows, pair_panel, panel};
use crate::inference::cpu::pool::Pool;
use crate::inference::cpu::shared::Shared;
use crate::inference::cpu::simd::{LANES, Level, Operation, Simd};
use crate::inference::cpu::unit::activate;
use crate::inference::executed::Multiplied;
use crate::inference::weights::Footprint;
use std::ops::Range;

/// Products with one input, in one job of all threads.
pub(crate) struct Products<'a> {
    pub(crate) level: Level,
    pub(crate) input: Input<'a>,
}

/// Where a product goes: a row of `stride` values per row of input, the first output at `column`.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'a> {
    pub(crate) output: Shared<'a, f32>,
    pub(crate) stride: usize,
    pub(crate) column: usize,
    pub(crate) update: Update,
}

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Update {
    /// It is overwritten.
    Replace,
    /// The product times this is added to it.
    Add(f32),
}

/// A matrix, and what is added to each of its outputs.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) matrix: Matrix,
    /// Sixteen per tile; the last tile's is filled up with zeros.
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// A matrix with a bias per output, or none.
    ///
    /// # Panics
    /// When there are more biases than outputs.
    pub(crate) fn new(matrix: Matrix, bias: Option<Vec<f32>>) -> Self {
        let bias = bias.map(|mut bias| {
            assert_eq!(bias.len(), matrix.outputs(), "a bias per output");
            bias.resize(matrix.tile_count() * LANES, 0.0);
            bias
        });
        Self { matrix, bias }
    }

    /// Its outputs are computed with those that fill the last tile up.
    pub(crate) fn multiplied(&self) -> Multiplied {
        Multiplied { inputs: self.matrix.inputs(), outputs: self.matrix.tile_count() * LANES, bytes: self.bytes() }
    }

    #[inline(always)]
    unsafe fn bias<S: Simd>(&self, tile: usize) -> Option<S::F32> {
        // SAFETY: there are sixteen biases per tile.
        self.bias.as_ref().map(|bias| unsafe { S::load(bias.as_ptr().add(tile * LANES)) })
    }
}

impl Footprint for Linear {
    fn bytes(&self) -> usize {
        self.matrix.bytes() + self.bias.as_ref().map_or(0, |bias| size_of_val(bias.as_slice()))
    }
}

/// Tiles of a part of a job: enough for the threads to share evenly, and not so few that taking the next part shows.
fn part(tiles: usize, pool: &Pool) -> usize {
    const PARTS_PER_THREAD: usize = 8;
    tiles.div_ceil(pool.threads() * PARTS_PER_THREAD)
}

impl Products<'_> {
    /// The products with several matrices.
    pub(crate) fn compute(&self, pool: &mut Pool, products: &[(&Linear, Destination<'_>)]) {
        let tiles = products.iter().map(|(linear, _)| linear.matrix.tile_count()).sum();
        let part = part(tiles, pool);
        pool.split(tiles, part, |_, range| {
            let mut first = 0;
            for &(linear, destination) in products {
                let count = linear.matrix.tile_count();
                let tiles = range.start.max(first)..range.end.min(first + count);
                if !tiles.is_empty() {
                    let tiles = tiles.start - first..tiles.end - first;
                    self.level.run(Plain { input: self.input, linear, destination, tiles });
                }
                first += count;
            }
        });
    }

    /// `activation(gate · input) × (up · input)`.
    pub(crate) fn gated(&self, pool: &mut Pool, gate: &Linear, up: &Linear, activation: Activation, destination: Destination<'_>) {
        let tiles = gate.matrix.tile_count();
        let part = part(tiles, pool);
        pool.split(tiles, part, |_, tiles| self.level.run(Gated { input: self.input, gate, up, activation, destination, tiles }));
    }

    /// `activation(up · input)`.
    pub(crate) fn activated(&self, pool: &mut Pool, up: &Linear, activation: Activation, destination: Destination<'_>) {
        let tiles = up.matrix.tile_count();
        let part = part(tiles, pool);
        pool.split(tiles, part, |_, tiles| self.level.run(Activated { input: self.input, up, activation, destination, tiles }));
    }
}

struct Plain<'a> {
    input: Input<'a>,
    linear: &'a Linear,
    destination: Destination<'a>,
    tiles: Range<usize>,
}

impl Operation for Plain<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY of all three operations: tiles and rows are within what the matrix and the input have, and each tile's
        // columns belong to one part of the job.
        for tile in self.tiles {
            by_rows!(self.input.rows(), |row, M| unsafe {
                let sums = self.linear.tile::<S, M>(tile, &self.input, row);
                self.destination.put::<S, M>(&self.linear.matrix, tile, row, sums);
            });
        }
    }
}

struct Gated<'a> {
    input: Input<'a>,
    gate: &'a Linear,
    up: &'a Linear,
    activation: Activation,
    destination: Destination<'a>,
    tiles: Range<usize>,
}

impl Operation for Gated<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for tile in self.tiles {
            by_rows!(self.input.rows(), |row, M| unsafe {
                let mut gates = self.gate.tile::<S, M>(tile, &self.input, row);
                let ups = self.up.tile::<S, M>(tile, &self.input, row);
                for row in 0..M {
                    gates[row] = S::mul(activate::<S>(self.activation, gates[row]), ups[row]);
                }
                self.destination.put::<S, M>(&self.gate.matrix, tile, row, gates);
            });
        }
    }
}

struct Activated<'a> {
    input: Input<'a>,
    up: &'a Linear,
    activation: Activation,
    destination: Destination<'a>,
    tiles: Range<usize>,
}

impl Operation for Activated<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for tile in self.tiles {
            by_rows!(self.input.rows(), |row, M| unsafe {
                let mut sums = self.up.tile::<S, M>(tile, &self.input, row);
                for sum in &mut sums {
                    *sum = activate::<S>(self.activation, *sum);
                }
                self.destination.put::<S, M>(&self.up.matrix, tile, row, sums);
            });
        }
    }
}

impl Linear {
    #[inline(always)]
    unsafe fn tile<S: Simd, const M: usize>(&self, tile: usize, input: &Input<'_>, row: usize) -> [S::F32; M] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = self.matrix.tile::<S, M>(tile, input, row);
            if let Some(bias) = self.bias::<S>(tile) {
                for sum in &mut sums {
                    *sum = S::add(*sum, bias);
                }
            }
            sums
        }
    }
}

impl Matrix {
    #[inline(always)]
    unsafe fn tile<S: Simd, const M: usize>(&self, tile: usize, input: &Input<'_>, row: usize) -> [S::F32; M] {
        let (inputs, start) = (self.inputs, tile * self.inputs * LANES);
        // SAFETY: the caller's promise that tile and rows are there.
        unsafe {
            let values = input.values.as_ptr().add(row * inputs);
            match &self.tiles {
                Tiles::F32(weights) => panel::<S, f32, M>(values, inputs, weights.as_ptr().add(start), LANES, inputs),
                Tiles::F16(weights) => panel::<S, Half, M>(values, inputs, weights.as_ptr().add(start).cast(), LANES, inputs),
                Tiles::Bf16(weights) if S::DOTS_BF16 && !input.halves.is_empty() => {
                    S::dot_bf16(weights.as_ptr().add(start), input.halves.as_ptr().add(row * inputs), inputs, inputs / 2)
                }
                Tiles::Bf16(weights) => pair_panel::<S, M>(values, inputs, weights.as_ptr().add(start), inputs / 2),
                Tiles::Blocks(blocks) => blocks.product::<S, M>(tile, input, row),
            }
        }
    }
}

impl Destination<'_> {
    #[inline(always)]
    unsafe fn put<S: Simd, const M: usize>(&self, matrix: &Matrix, tile: usize, row: usize, sums: [S::F32; M]) {
        let width = LANES.min(matrix.outputs - tile * LANES);
        for (index, sum) in sums.into_iter().enumerate() {
            // SAFETY: columns of one tile belong to one part of a job.
            let output = unsafe { self.output.part((row + index) * self.stride + self.column + tile * LANES, width) };
            // SAFETY: a full tile has sixteen columns, and the last one goes through sixteen of its own.
            unsafe {
                if width == LANES {
                    S::store(output.as_mut_ptr(), self.update.apply::<S>(output.as_ptr(), sum));
                } else {
                    let mut lanes = [0.0; LANES];
                    lanes[..width].copy_from_slice(output);
                    let updated = self.update.apply::<S>(lanes.as_ptr(), sum);
                    S::store(lanes.as_mut_ptr(), updated);
                    output.copy_from_slice(&lanes[..width]);
                }
            }
        }
    }
}

impl Update {
    #[inline(always)]
    unsafe fn apply<S: Simd>(self, old: *const f32, new: S::F32) -> S::F32 {
        // SAFETY: sixteen values are there.
        unsafe {
            match self {
                Self::Replace => new,
                Self::Add(scale) => S::mul_add(new, S::splat(scale), S::load(old)),
            }
        }
    }
}
