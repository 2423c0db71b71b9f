//! Weights as codes of a few bits, blocks of which share a scale and a minimum: a weight is `scale × code + minimum`.
//!
//! All of ggml's block formats are of this form. Codes of four bits stay in four; those of two to six bits take a byte
//! each, those of eight keep their sign.

use super::element::{Element, Half};
use crate::inference::cpu::activations::{BLOCK, Input};
use crate::inference::cpu::simd::{LANES, Rows, Simd};

/// Blocks of all tiles: block `tile × blocks_per_output + block` holds that block of sixteen outputs.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) coding: Coding,
    /// [`Coding::bytes`] per block of sixteen outputs, in lines of the cache.
    pub(super) codes: Vec<Line>,
    /// Sixteen per block.
    pub(super) scales: Numbers,
    pub(super) minimums: Minimums,
    pub(super) blocks_per_output: usize,
}

/// Sixty-four bytes, aligned so that no read crosses a line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; 64]);

/// How codes are laid out; see [`Simd`] for the order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// 0..16, blocks of 32, two to a byte.
    U4,
    /// 0..64, blocks of 32.
    U6,
    /// 0..64, blocks of 16.
    U6Short,
    /// −128..128, blocks of 32.
    I8,
}

impl Coding {
    /// Weights of one output in a block.
    pub(super) const fn block(self) -> usize {
        match self {
            Self::U4 | Self::U6 | Self::I8 => BLOCK,
            Self::U6Short => BLOCK / 2,
        }
    }

    /// Lines of a block of sixteen outputs.
    pub(super) const fn lines(self) -> usize {
        match self {
            Self::U4 | Self::U6Short => 4,
            Self::U6 | Self::I8 => 8,
        }
    }

    /// Line and byte of a code of a lane; whether it is the upper half of that byte.
    pub(super) const fn place(self, lane: usize, at: usize) -> (usize, usize, bool) {
        let upper = matches!(self, Self::U4) && at >= BLOCK / 2;
        let at = if upper { at - BLOCK / 2 } else { at };
        (at / 4, lane * 4 + at % 4, upper)
    }
}

/// Numbers of blocks, as precise as their format has them.
#[derive(Debug)]
pub(super) enum Numbers {
    /// IEEE half precision.
    F16(Vec<u16>),
    F32(Vec<f32>),
}

impl Numbers {
    #[inline(always)]
    unsafe fn load<S: Simd>(&self, block: usize) -> S::F32 {
        // SAFETY: the caller's promise that there is such a block.
        unsafe {
            match self {
                Self::F16(numbers) => Half::load::<S>(numbers.as_ptr().add(block * LANES).cast()),
                Self::F32(numbers) => f32::load::<S>(numbers.as_ptr().add(block * LANES)),
            }
        }
    }

    fn get(&self, at: usize) -> f32 {
        match self {
            Self::F16(numbers) => half::f16::from_bits(numbers[at]).to_f32(),
            Self::F32(numbers) => numbers[at],
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::F16(numbers) => size_of_val(numbers.as_slice()),
            Self::F32(numbers) => size_of_val(numbers.as_slice()),
        }
    }
}

/// What is added to the weights of a block.
#[derive(Debug)]
pub(super) enum Minimums {
    /// Nothing.
    Zero,
    /// The block's scale times this.
    OfScale(f32),
    /// Sixteen per block.
    Stored(Numbers),
}

impl Blocks {
    pub(super) fn bytes(&self) -> usize {
        let minimums = if let Minimums::Stored(numbers) = &self.minimums { numbers.bytes() } else { 0 };
        size_of_val(self.codes.as_slice()) + self.scales.bytes() + minimums
    }

    /// The weights of one output.
    pub(super) fn read_lane(&self, tile: usize, lane: usize, weights: &mut [f32]) {
        let (block_size, lines) = (self.coding.block(), self.coding.lines());
        for (index, weights) in weights.chunks_exact_mut(block_size).enumerate() {
            let block = tile * self.blocks_per_output + index;
            let scale = self.scales.get(block * LANES + lane);
            let minimum = match &self.minimums {
                Minimums::Zero => 0.0,
                Minimums::OfScale(factor) => scale * factor,
                Minimums::Stored(numbers) => numbers.get(block * LANES + lane),
            };
            for (at, weight) in weights.iter_mut().enumerate() {
                let (line, byte, upper) = self.coding.place(lane, at);
                let byte = self.codes[block * lines + line].0[byte];
                let code = match self.coding {
                    Coding::U4 => f32::from(if upper { byte >> 4 } else { byte & 15 }),
                    Coding::U6 | Coding::U6Short => f32::from(byte),
                    Coding::I8 => f32::from(byte.cast_signed()),
                };
                *weight = scale * code + minimum;
            }
        }
    }

    /// Products of a tile with `M` rows of input from `row` on.
    ///
    /// Codes of weights and of inputs are multiplied and added exactly, block by block, and the sums of blocks in f32.
    ///
    /// # Safety
    /// Tile and rows exist, the input is there in bytes, and the processor has the instructions of `S`.
    #[inline(always)]
    pub(super) unsafe fn product<S: Simd, const M: usize>(&self, tile: usize, input: &Input<'_>, row: usize) -> [S::F32; M] {
        // SAFETY: the caller's promise.
        unsafe {
            match self.coding {
                Coding::U4 => self.sum::<S, M, U4>(tile, input, row),
                Coding::U6 => self.sum::<S, M, U6>(tile, input, row),
                Coding::U6Short => self.sum::<S, M, U6Short>(tile, input, row),
                Coding::I8 => self.sum::<S, M, I8>(tile, input, row),
            }
        }
    }

    #[inline(always)]
    unsafe fn sum<S: Simd, const M: usize, K: Kind>(&self, tile: usize, input: &Input<'_>, row: usize) -> [S::F32; M] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [S::splat(0.0); M];
            let blocks = self.blocks_per_output;
            let (scales_per_row, sums_per_row) = (input.inputs / BLOCK, input.inputs / LANES);
            let codes = self.codes.as_ptr().cast::<u8>().add(tile * blocks * K::LINES * 64);
            let activations = input.codes.as_ptr().add(row * input.inputs);
            let input_scales = input.scales.as_ptr().add(row * scales_per_row);
            let offsets = input.offsets.as_ptr().add(row * scales_per_row);
            let input_sums = input.sums.as_ptr().add(row * sums_per_row);
            for block in 0..blocks {
                let activations = Rows { first: activations.add(block * K::BLOCK), stride: input.inputs };
                let offsets = Rows { first: offsets.add(block * K::BLOCK / BLOCK), stride: scales_per_row };
                let dots = K::dot::<S, M>(codes.add(block * K::LINES * 64), activations, offsets);
                let scale = self.scales.load::<S>(tile * blocks + block);
                for row in 0..M {
                    let input_scale = *input_scales.add(row * scales_per_row + block * K::BLOCK / BLOCK);
                    sums[row] = S::mul_add(S::to_f32(dots[row]), S::mul(scale, S::splat(input_scale)), sums[row]);
                }
                let minimum = match &self.minimums {
                    Minimums::Zero => continue,
                    Minimums::OfScale(factor) => S::mul(scale, S::splat(*factor)),
                    Minimums::Stored(numbers) => numbers.load::<S>(tile * blocks + block),
                };
                for (row, sum) in sums.iter_mut().enumerate() {
                    let halves = input_sums.add(row * sums_per_row + block * K::BLOCK / LANES);
                    let input_sum = if K::BLOCK == BLOCK { *halves + *halves.add(1) } else { *halves };
                    *sum = S::mul_add(minimum, S::splat(input_sum), *sum);
                }
            }
            sums
        }
    }
}

/// A [`Coding`] as a type, so that its loop is compiled for it.
trait Kind {
    const BLOCK: usize;
    const LINES: usize;

    unsafe fn dot<S: Simd, const M: usize>(codes: *const u8, activations: Rows<i8>, offsets: Rows<i32>) -> [S::I32; M];
}

macro_rules! kind {
    ($name:ident, |$codes:ident, $activations:ident, $offsets:ident| $dot:expr) => {
        struct $name;
        impl Kind for $name {
            const BLOCK: usize = Coding::$name.block();
            const LINES: usize = Coding::$name.lines();

            #[inline(always)]
            unsafe fn dot<S: Simd, const M: usize>($codes: *const u8, $activations: Rows<i8>, $offsets: Rows<i32>) -> [S::I32; M] {
                // SAFETY: the caller's promise that codes and activations are there.
                unsafe { $dot }
            }
        }
    };
}

kind!(U4, |codes, activations, _offsets| S::dot_u4::<M>(codes, activations.first, activations.stride));
kind!(U6, |codes, activations, _offsets| S::dot_u6::<M, 8>(codes, activations.first, activations.stride));
kind!(U6Short, |codes, activations, _offsets| S::dot_u6::<M, 4>(codes, activations.first, activations.stride));
kind!(I8, |codes, activations, offsets| S::dot_i8::<M>(codes.cast(), activations, offsets));
