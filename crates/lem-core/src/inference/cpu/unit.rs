//! Activation functions of feed-forward blocks, and the one that bends logits.

use super::pool::Pool;
use super::shared::Shared;
use super::simd::{LANES, Level, Operation, Simd, gelu, gelu_tanh, silu, tanh};
use crate::inference::architecture::Activation;

/// The function's value in each lane.
#[inline(always)]
pub(crate) unsafe fn activate<S: Simd>(activation: Activation, value: S::F32) -> S::F32 {
    // SAFETY: the caller's promise that the processor has the instructions of `S`.
    unsafe {
        match activation {
            Activation::Silu => silu::<S>(value),
            Activation::Gelu => gelu::<S>(value),
            Activation::GeluTanh => gelu_tanh::<S>(value),
            Activation::Relu => S::max(value, S::splat(0.0)),
        }
    }
}

/// Bends values to stay below a cap, c · tanh(x / c), in place.
pub(crate) fn bend(pool: &mut Pool, level: Level, values: &mut [f32], cap: f32) {
    let length = values.len();
    let values = Shared::new(values);
    pool.split(length.div_ceil(LANES), 1024, |_, range| {
        let (start, end) = (range.start * LANES, length.min(range.end * LANES));
        // SAFETY: parts of different ranges do not overlap.
        level.run(Bend { values: unsafe { values.part(start, end - start) }, cap });
    });
}

struct Bend<'a> {
    values: &'a mut [f32],
    cap: f32,
}

impl Operation for Bend<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for values in self.values.chunks_mut(LANES) {
            let mut lanes = [0.0; LANES];
            lanes[..values.len()].copy_from_slice(values);
            // SAFETY: the caller's promise that the processor has the instructions of `S`; sixteen lanes are there.
            unsafe {
                let bent = tanh::<S>(S::mul(S::load(lanes.as_ptr()), S::splat(1.0 / self.cap)));
                S::store(lanes.as_mut_ptr(), S::mul(bent, S::splat(self.cap)));
            }
            values.copy_from_slice(&lanes[..values.len()]);
        }
    }
}
