//! Lanes as arrays, for processors without a unit of their own here; the compiler makes of them what it can.
#![expect(clippy::cast_possible_truncation, reason = "activations are rounded to bytes after they were scaled into their range")]
#![expect(clippy::cast_precision_loss, reason = "sums of products of bytes stay below 2^24")]

use super::{LANES, Rows, Simd};

#[derive(Clone, Copy)]
pub(super) struct Portable;

type F = [f32; LANES];
type I = [i32; LANES];

#[inline(always)]
fn each(function: impl Fn(usize) -> f32) -> F {
    std::array::from_fn(function)
}

/// `GROUPS` groups of four codes of sixteen outputs with one activation block.
#[inline(always)]
unsafe fn dot<const GROUPS: usize>(code: impl Fn(usize) -> i32, activations: *const i8) -> I {
    let mut sums = [0; LANES];
    for group in 0..GROUPS {
        for (lane, sum) in sums.iter_mut().enumerate() {
            for i in 0..4 {
                // SAFETY: the caller gives `4 × GROUPS` activations.
                *sum += code(group * 64 + lane * 4 + i) * i32::from(unsafe { *activations.add(group * 4 + i) });
            }
        }
    }
    sums
}

// SAFETY of all pointers: the callers' contract, which `Simd` states.
impl Simd for Portable {
    type F32 = F;
    type I32 = I;

    #[inline(always)]
    unsafe fn splat(value: f32) -> F {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> F {
        unsafe { from.cast::<F>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: F) {
        unsafe { to.cast::<F>().write_unaligned(value) };
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> F {
        let bits = unsafe { from.cast::<[u16; LANES]>().read_unaligned() };
        each(|lane| half::f16::from_bits(bits[lane]).to_f32())
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(from: *const u16) -> (F, F) {
        let bits = unsafe { from.cast::<[[u16; 2]; LANES]>().read_unaligned() };
        let half = |half: usize| each(|lane| f32::from_bits(u32::from(bits[lane][half]) << 16));
        (half(0), half(1))
    }

    #[inline(always)]
    unsafe fn add(left: F, right: F) -> F {
        each(|lane| left[lane] + right[lane])
    }

    #[inline(always)]
    unsafe fn sub(left: F, right: F) -> F {
        each(|lane| left[lane] - right[lane])
    }

    #[inline(always)]
    unsafe fn mul(left: F, right: F) -> F {
        each(|lane| left[lane] * right[lane])
    }

    #[inline(always)]
    unsafe fn div(left: F, right: F) -> F {
        each(|lane| left[lane] / right[lane])
    }

    /// Two roundings: without an instruction for it, one rounding is a call for every lane.
    #[inline(always)]
    unsafe fn mul_add(left: F, right: F, addend: F) -> F {
        each(|lane| left[lane] * right[lane] + addend[lane])
    }

    #[inline(always)]
    unsafe fn max(left: F, right: F) -> F {
        each(|lane| left[lane].max(right[lane]))
    }

    #[inline(always)]
    unsafe fn min(left: F, right: F) -> F {
        each(|lane| left[lane].min(right[lane]))
    }

    #[inline(always)]
    unsafe fn largest_magnitude(value: F) -> f32 {
        value.into_iter().fold(0.0, |largest, lane| largest.max(lane.abs()))
    }

    #[inline(always)]
    unsafe fn sum(value: F) -> f32 {
        value.into_iter().sum()
    }

    #[inline(always)]
    unsafe fn exp2_whole(value: F) -> F {
        each(|lane| f32::from_bits((value[lane] as i32 + 127).cast_unsigned() << 23))
    }

    #[inline(always)]
    unsafe fn round(value: F) -> F {
        each(|lane| value[lane].round_ties_even())
    }

    #[inline(always)]
    unsafe fn store_i8(to: *mut i8, value: F) -> i32 {
        let bytes: [i8; LANES] = std::array::from_fn(|lane| value[lane].round_ties_even() as i8);
        unsafe { to.cast::<[i8; LANES]>().write_unaligned(bytes) };
        bytes.into_iter().map(i32::from).sum()
    }

    #[inline(always)]
    unsafe fn to_f32(value: I) -> F {
        each(|lane| value[lane] as f32)
    }

    #[inline(always)]
    unsafe fn dot_u4<const M: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [I; M] {
        std::array::from_fn(|row| unsafe {
            let activations = activations.add(row * stride);
            let low = dot::<4>(|at| i32::from(*codes.add(at) & 15), activations);
            let high = dot::<4>(|at| i32::from(*codes.add(at) >> 4), activations.add(LANES));
            std::array::from_fn(|lane| low[lane] + high[lane])
        })
    }

    #[inline(always)]
    unsafe fn dot_u6<const M: usize, const GROUPS: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [I; M] {
        std::array::from_fn(|row| unsafe { dot::<GROUPS>(|at| i32::from(*codes.add(at)), activations.add(row * stride)) })
    }

    #[inline(always)]
    unsafe fn dot_i8<const M: usize>(codes: *const i8, Rows { first, stride }: Rows<i8>, _: Rows<i32>) -> [I; M] {
        std::array::from_fn(|row| unsafe { dot::<8>(|at| i32::from(*codes.add(at)), first.add(row * stride)) })
    }
}
