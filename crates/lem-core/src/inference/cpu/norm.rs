//! Norms of rows.

use super::pool::Pool;
use super::shared::Shared;
use super::simd::{LANES, Level, Operation, Simd};
use crate::inference::architecture::NormKind;
use crate::inference::weights::NormWeights;

impl NormWeights {
    /// Normalises rows as wide as there are gains.
    pub(crate) fn apply(&self, pool: &mut Pool, level: Level, rows: &[f32], output: &mut [f32]) {
        let width = self.gain.len();
        let output = Shared::new(output);
        // A row of some hundred values takes less time than handing it over.
        pool.split(rows.len() / width, 8, |_, range| {
            for row in range {
                // SAFETY: each row belongs to one part.
                let values = unsafe { output.part(row * width, width) };
                values.copy_from_slice(&rows[row * width..][..width]);
                level.run(Row { norm: self, gain: &self.gain, bias: self.bias.as_deref(), values });
            }
        });
    }
}

/// One row, in place; `gain` and `bias` are those of its values.
pub(crate) struct Row<'a> {
    pub(crate) norm: &'a NormWeights,
    pub(crate) gain: &'a [f32],
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) values: &'a mut [f32],
}

impl Operation for Row<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a width stays far below 2^24")]
    unsafe fn run<S: Simd>(self) {
        let Self { norm, gain, bias, values } = self;
        let width = values.len() as f32;
        // SAFETY: the caller's promise that the processor has the instructions of `S`.
        unsafe {
            let mean = if norm.kind == NormKind::Layer { sum::<S>(values, |value| value) / width } else { 0.0 };
            let offset = S::splat(mean);
            let squares = sum::<S>(values, |value| {
                let difference = S::sub(value, offset);
                S::mul(difference, difference)
            });
            // The last lanes of a row that is no whole number of vectors counted as zeros, which are off the mean.
            let missing = (values.len().next_multiple_of(LANES) - values.len()) as f32;
            let scale = 1.0 / ((squares - missing * mean * mean) / width + norm.epsilon).sqrt();
            for (value, gain) in values.iter_mut().zip(gain) {
                *value = (*value - mean) * scale * gain;
            }
            for (value, bias) in values.iter_mut().zip(bias.into_iter().flatten()) {
                *value += bias;
            }
        }
    }
}

/// The sum of a function of all values; lanes beyond the last one are zero.
#[inline(always)]
unsafe fn sum<S: Simd>(values: &[f32], function: impl Fn(S::F32) -> S::F32) -> f32 {
    // SAFETY: the caller's promise; whole vectors are read where they are whole.
    unsafe {
        let mut sums = S::splat(0.0);
        let whole = values.chunks_exact(LANES);
        let rest = whole.remainder();
        for values in whole {
            sums = S::add(sums, function(S::load(values.as_ptr())));
        }
        if !rest.is_empty() {
            let mut lanes = [0.0; LANES];
            lanes[..rest.len()].copy_from_slice(rest);
            sums = S::add(sums, function(S::load(lanes.as_ptr())));
        }
        S::sum(sums)
    }
}
