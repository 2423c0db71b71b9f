//! Rows of input to products: in f32, and where the weights are codes also in blocks of bytes, where they are bfloat16 also
//! in bfloat16.

use super::pool::Pool;
use super::shared::Shared;
use super::simd::{LANES, Level, Operation, Simd};

/// Values that share a scale.
pub(crate) const BLOCK: usize = 32;

/// How a product takes its input, beside f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Takes {
    /// In eight-bit blocks.
    pub(crate) bytes: bool,
    /// In bfloat16, at levels that have instructions for it.
    pub(crate) halves: bool,
}

impl Takes {
    /// Without rounding to bfloat16: for what decides, and for products whose cost does not show.
    pub(crate) fn exactly(self) -> Self {
        Self { halves: false, ..self }
    }

    /// What two products of one input take.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes || other.bytes, halves: self.halves || other.halves }
    }
}

/// Room for rows of input in other forms; reused from product to product.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    codes: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<f32>,
    offsets: Vec<i32>,
    halves: Vec<u16>,
}

/// Rows of input, `inputs` values each, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    /// In f32.
    pub(crate) values: &'a [f32],
    /// Values of a row.
    pub(crate) inputs: usize,
    /// In −127..=127; empty unless asked for. A value is its code times its block's scale.
    pub(crate) codes: &'a [i8],
    /// Per block of 32.
    pub(crate) scales: &'a [f32],
    /// Per half block: the sum of its codes times its scale.
    pub(crate) sums: &'a [f32],
    /// Per block: the sum of its codes times −128.
    pub(crate) offsets: &'a [i32],
    /// Rounded to bfloat16; empty unless asked for.
    pub(crate) halves: &'a [u16],
}

impl Input<'_> {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.len() / self.inputs
    }
}

impl Activations {
    /// Room for `values` values.
    pub(crate) fn with_capacity(values: usize) -> Self {
        let blocks = values / BLOCK;
        let (scales, sums, offsets) = (vec![0.0; blocks], vec![0.0; values / LANES], vec![0; blocks]);
        Self { codes: vec![0; values], scales, sums, offsets, halves: vec![0; values] }
    }

    /// Makes rows of `inputs` values ready, in the other forms too that are taken.
    ///
    /// The scale of a block is its largest magnitude over 127, as in ggml's Q8_0: the rounding error of a value is at
    /// most half a scale.
    pub(crate) fn load<'a>(&'a mut self, pool: &mut Pool, level: Level, values: &'a [f32], inputs: usize, takes: Takes) -> Input<'a> {
        let halves = takes.halves && level.dots_bf16();
        if self.halves.len() < values.len() && (takes.bytes || halves) {
            *self = Self::with_capacity(values.len());
        }
        let mut input = Input { values, inputs, codes: &[], scales: &[], sums: &[], offsets: &[], halves: &[] };
        if halves {
            // Below some thousand values a second thread costs more than it saves.
            let rounded = Shared::new(&mut self.halves);
            pool.split(values.len().div_ceil(BLOCK), 256, |_, range| {
                let (start, end) = (range.start * BLOCK, values.len().min(range.end * BLOCK));
                // SAFETY: parts of different ranges do not overlap.
                level.run(ToHalves { values: &values[start..end], halves: unsafe { rounded.part(start, end - start) } });
            });
            input.halves = &self.halves[..values.len()];
        }
        if takes.bytes {
            assert!(inputs.is_multiple_of(BLOCK), "{inputs} inputs are no whole number of blocks");
            let blocks = values.len() / BLOCK;
            let (codes, scales) = (Shared::new(&mut self.codes), Shared::new(&mut self.scales));
            let (sums, offsets) = (Shared::new(&mut self.sums), Shared::new(&mut self.offsets));
            pool.split(blocks, 256, |_, range| {
                let (start, count) = (range.start, range.len());
                // SAFETY: as above.
                let operation = unsafe {
                    ToBytes {
                        values: &values[start * BLOCK..][..count * BLOCK],
                        codes: codes.part(start * BLOCK, count * BLOCK),
                        scales: scales.part(start, count),
                        sums: sums.part(2 * start, 2 * count),
                        offsets: offsets.part(start, count),
                    }
                };
                level.run(operation);
            });
            (input.codes, input.scales) = (&self.codes[..values.len()], &self.scales[..blocks]);
            (input.sums, input.offsets) = (&self.sums[..2 * blocks], &self.offsets[..blocks]);
        }
        input
    }
}

struct ToHalves<'a> {
    values: &'a [f32],
    halves: &'a mut [u16],
}

impl Operation for ToHalves<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for (values, halves) in self.values.chunks(LANES).zip(self.halves.chunks_mut(LANES)) {
            let (mut from, mut to) = ([0.0; LANES], [0; LANES]);
            from[..values.len()].copy_from_slice(values);
            // SAFETY: sixteen lanes are read and written.
            unsafe { S::store_bf16(to.as_mut_ptr(), S::load(from.as_ptr())) };
            halves.copy_from_slice(&to[..halves.len()]);
        }
    }
}

struct ToBytes<'a> {
    values: &'a [f32],
    codes: &'a mut [i8],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
    offsets: &'a mut [i32],
}

impl Operation for ToBytes<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a sum of sixteen bytes")]
    unsafe fn run<S: Simd>(self) {
        let blocks = self.values.chunks_exact(BLOCK).zip(self.codes.chunks_exact_mut(BLOCK));
        let figures = self.scales.iter_mut().zip(self.sums.chunks_exact_mut(2)).zip(self.offsets);
        for ((values, codes), ((scale, sums), offset)) in blocks.zip(figures) {
            // SAFETY: a block has twice sixteen values and codes.
            unsafe {
                let (first, second) = (S::load(values.as_ptr()), S::load(values.as_ptr().add(LANES)));
                let largest = S::largest_magnitude(first).max(S::largest_magnitude(second));
                *scale = largest / 127.0;
                let inverse = S::splat(if largest > 0.0 { 127.0 / largest } else { 0.0 });
                let halves = [
                    S::store_i8(codes.as_mut_ptr(), S::mul(first, inverse)),
                    S::store_i8(codes.as_mut_ptr().add(LANES), S::mul(second, inverse)),
                ];
                sums[0] = halves[0] as f32 * *scale;
                sums[1] = halves[1] as f32 * *scale;
                *offset = -128 * (halves[0] + halves[1]);
            }
        }
    }
}
