//! Lanes as two AVX2 registers, with FMA and F16C.

use super::{Operation, Rows, Simd};
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(super) struct Avx2;

/// Lanes 0..8 and 8..16.
type F = (__m256, __m256);
type I = (__m256i, __m256i);

/// Enters code for these instructions.
///
/// # Safety
/// The processor has them.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn run<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the caller's promise.
    unsafe { operation.run::<Avx2>() }
}

#[inline(always)]
unsafe fn broadcast(activations: *const i8) -> __m256i {
    unsafe { _mm256_set1_epi32(activations.cast::<i32>().read_unaligned()) }
}

#[inline(always)]
unsafe fn half_sum(value: __m256) -> f32 {
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
}

#[inline(always)]
unsafe fn half_largest(value: __m256) -> f32 {
    unsafe {
        let four = _mm_max_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
}

// SAFETY of all of it: the contract of `Simd`.
impl Simd for Avx2 {
    type F32 = F;
    type I32 = I;

    #[inline(always)]
    unsafe fn splat(value: f32) -> F {
        unsafe { (_mm256_set1_ps(value), _mm256_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> F {
        unsafe { (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: F) {
        unsafe {
            _mm256_storeu_ps(to, value.0);
            _mm256_storeu_ps(to.add(8), value.1);
        }
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> F {
        unsafe { (_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast()))) }
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(from: *const u16) -> (F, F) {
        unsafe {
            let (low, high) = (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(16).cast()));
            let first = |pairs| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs));
            let second = |pairs| _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-0x1_0000)));
            ((first(low), first(high)), (second(low), second(high)))
        }
    }

    #[inline(always)]
    unsafe fn add(left: F, right: F) -> F {
        unsafe { (_mm256_add_ps(left.0, right.0), _mm256_add_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn sub(left: F, right: F) -> F {
        unsafe { (_mm256_sub_ps(left.0, right.0), _mm256_sub_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn mul(left: F, right: F) -> F {
        unsafe { (_mm256_mul_ps(left.0, right.0), _mm256_mul_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn div(left: F, right: F) -> F {
        unsafe { (_mm256_div_ps(left.0, right.0), _mm256_div_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn mul_add(left: F, right: F, addend: F) -> F {
        unsafe { (_mm256_fmadd_ps(left.0, right.0, addend.0), _mm256_fmadd_ps(left.1, right.1, addend.1)) }
    }

    #[inline(always)]
    unsafe fn max(left: F, right: F) -> F {
        unsafe { (_mm256_max_ps(left.0, right.0), _mm256_max_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn min(left: F, right: F) -> F {
        unsafe { (_mm256_min_ps(left.0, right.0), _mm256_min_ps(left.1, right.1)) }
    }

    #[inline(always)]
    unsafe fn largest_magnitude(value: F) -> f32 {
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            half_largest(_mm256_max_ps(_mm256_andnot_ps(sign, value.0), _mm256_andnot_ps(sign, value.1)))
        }
    }

    #[inline(always)]
    unsafe fn sum(value: F) -> f32 {
        unsafe { half_sum(_mm256_add_ps(value.0, value.1)) }
    }

    #[inline(always)]
    unsafe fn exp2_whole(value: F) -> F {
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let low = _mm256_add_epi32(_mm256_cvtps_epi32(value.0), bias);
            let high = _mm256_add_epi32(_mm256_cvtps_epi32(value.1), bias);
            (_mm256_castsi256_ps(_mm256_slli_epi32::<23>(low)), _mm256_castsi256_ps(_mm256_slli_epi32::<23>(high)))
        }
    }

    #[inline(always)]
    unsafe fn round(value: F) -> F {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { (_mm256_round_ps::<NEAREST>(value.0), _mm256_round_ps::<NEAREST>(value.1)) }
    }

    #[inline(always)]
    unsafe fn store_i8(to: *mut i8, value: F) -> i32 {
        unsafe {
            // Packing works within halves of a register, so the order is put right afterwards.
            let words = _mm256_packs_epi32(_mm256_cvtps_epi32(value.0), _mm256_cvtps_epi32(value.1));
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(to.cast(), bytes);
            let pairs = _mm256_madd_epi16(words, _mm256_set1_epi16(1));
            let four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
        }
    }

    #[inline(always)]
    unsafe fn to_f32(value: I) -> F {
        unsafe { (_mm256_cvtepi32_ps(value.0), _mm256_cvtepi32_ps(value.1)) }
    }

    #[inline(always)]
    unsafe fn dot_u4<const M: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [I; M] {
        unsafe { both(half_u4(codes, activations, stride), half_u4(codes.add(32), activations, stride)) }
    }

    #[inline(always)]
    unsafe fn dot_u6<const M: usize, const GROUPS: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [I; M] {
        unsafe { both(half_u6::<M, GROUPS>(codes, activations, stride), half_u6::<M, GROUPS>(codes.add(32), activations, stride)) }
    }

    #[inline(always)]
    unsafe fn dot_i8<const M: usize>(codes: *const i8, Rows { first, stride }: Rows<i8>, _: Rows<i32>) -> [I; M] {
        unsafe { both(half_i8(codes, first, stride), half_i8(codes.add(32), first, stride)) }
    }
}

// Eight lanes at a time, so that sums of four rows of activations stay in registers. They are functions and not closures,
// because only functions can be told to be inlined, and what is not inlined does not have the instructions.

/// Pairs of products reach 2 × 15 × 127, so eight of them fit sixteen bits.
#[inline(always)]
unsafe fn half_u4<const M: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [__m256i; M] {
    unsafe {
        let low_half = _mm256_set1_epi8(15);
        let mut sums = [_mm256_setzero_si256(); M];
        for group in 0..4 {
            let packed = _mm256_loadu_si256(codes.add(group * 64).cast());
            let low = _mm256_and_si256(packed, low_half);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(packed), low_half);
            for (row, sum) in sums.iter_mut().enumerate() {
                let activations = activations.add(row * stride + group * 4);
                let pairs = _mm256_add_epi16(*sum, _mm256_maddubs_epi16(low, broadcast(activations)));
                *sum = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(high, broadcast(activations.add(16))));
            }
        }
        let ones = _mm256_set1_epi16(1);
        for sum in &mut sums {
            *sum = _mm256_madd_epi16(*sum, ones);
        }
        sums
    }
}

/// Pairs of products reach 2 × 63 × 127, so two of them fit sixteen bits.
#[inline(always)]
unsafe fn half_u6<const M: usize, const GROUPS: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [__m256i; M] {
    unsafe {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_si256(); M];
        for group in (0..GROUPS).step_by(2) {
            let first = _mm256_loadu_si256(codes.add(group * 64).cast());
            let second = _mm256_loadu_si256(codes.add(group * 64 + 64).cast());
            for (row, sum) in sums.iter_mut().enumerate() {
                let activations = activations.add(row * stride + group * 4);
                let pairs = _mm256_add_epi16(
                    _mm256_maddubs_epi16(first, broadcast(activations)),
                    _mm256_maddubs_epi16(second, broadcast(activations.add(4))),
                );
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
        sums
    }
}

/// The instruction takes unsigned times signed bytes: the sign of a code moves to the activation. Pairs of products
/// reach 2 × 128 × 127, which still fits sixteen bits.
#[inline(always)]
unsafe fn half_i8<const M: usize>(codes: *const i8, activations: *const i8, stride: usize) -> [__m256i; M] {
    unsafe {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_si256(); M];
        for group in 0..8 {
            let signed = _mm256_loadu_si256(codes.add(group * 64).cast());
            let magnitude = _mm256_abs_epi8(signed);
            for (row, sum) in sums.iter_mut().enumerate() {
                let activations = broadcast(activations.add(row * stride + group * 4));
                let pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(activations, signed));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
        sums
    }
}

#[inline(always)]
fn both<const M: usize>(first: [__m256i; M], second: [__m256i; M]) -> [I; M] {
    std::array::from_fn(|row| (first[row], second[row]))
}
