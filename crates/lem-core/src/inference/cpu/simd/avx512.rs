//! Lanes as one AVX-512 register, with VNNI's dot products of bytes and, where a processor has them, those of bfloat16.

use super::{Operation, Rows, Simd};
use core::arch::x86_64::*;

/// `BF16`: with the instructions for bfloat16.
#[derive(Clone, Copy)]
pub(super) struct Avx512<const BF16: bool>;

/// Enters code for these instructions.
///
/// # Safety
/// The processor has them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) unsafe fn run<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the caller's promise.
    unsafe { operation.run::<Avx512<false>>() }
}

/// Enters code for these instructions and those for bfloat16.
///
/// # Safety
/// The processor has them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2,fma,f16c")]
pub(super) unsafe fn run_bf16<O: Operation>(operation: O) -> O::Output {
    // SAFETY: the caller's promise.
    unsafe { operation.run::<Avx512<true>>() }
}

#[inline(always)]
unsafe fn broadcast(activations: *const i8) -> __m512i {
    unsafe { _mm512_set1_epi32(activations.cast::<i32>().read_unaligned()) }
}

// SAFETY of all of it: the contract of `Simd`.
impl<const BF16: bool> Simd for Avx512<BF16> {
    type F32 = __m512;
    type I32 = __m512i;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m512 {
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: __m512) {
        unsafe { _mm512_storeu_ps(to, value) };
    }

    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> __m512 {
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn load_bf16_pairs(from: *const u16) -> (__m512, __m512) {
        unsafe {
            let pairs = _mm512_loadu_si512(from.cast());
            let second = _mm512_and_si512(pairs, _mm512_set1_epi32(-0x1_0000));
            (_mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs)), _mm512_castsi512_ps(second))
        }
    }

    #[inline(always)]
    unsafe fn add(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_add_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn sub(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn mul(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn div(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_div_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn mul_add(left: __m512, right: __m512, addend: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(left, right, addend) }
    }

    #[inline(always)]
    unsafe fn max(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_max_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn min(left: __m512, right: __m512) -> __m512 {
        unsafe { _mm512_min_ps(left, right) }
    }

    #[inline(always)]
    unsafe fn largest_magnitude(value: __m512) -> f32 {
        unsafe { _mm512_reduce_max_ps(_mm512_abs_ps(value)) }
    }

    #[inline(always)]
    unsafe fn sum(value: __m512) -> f32 {
        unsafe { _mm512_reduce_add_ps(value) }
    }

    #[inline(always)]
    unsafe fn exp2_whole(value: __m512) -> __m512 {
        unsafe {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(value), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        }
    }

    #[inline(always)]
    unsafe fn round(value: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(value) }
    }

    #[inline(always)]
    unsafe fn store_i8(to: *mut i8, value: __m512) -> i32 {
        unsafe {
            let whole = _mm512_cvtps_epi32(value);
            _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(whole));
            _mm512_reduce_add_epi32(whole)
        }
    }

    #[inline(always)]
    unsafe fn to_f32(value: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(value) }
    }

    #[inline(always)]
    unsafe fn dot_u4<const M: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [__m512i; M] {
        unsafe {
            let low_half = _mm512_set1_epi8(15);
            let mut sums = [_mm512_setzero_si512(); M];
            for group in 0..4 {
                let packed = _mm512_loadu_si512(codes.add(group * 64).cast());
                let low = _mm512_and_si512(packed, low_half);
                let high = _mm512_and_si512(_mm512_srli_epi16::<4>(packed), low_half);
                for (row, sum) in sums.iter_mut().enumerate() {
                    let activations = activations.add(row * stride + group * 4);
                    *sum = _mm512_dpbusd_epi32(*sum, low, broadcast(activations));
                    *sum = _mm512_dpbusd_epi32(*sum, high, broadcast(activations.add(16)));
                }
            }
            sums
        }
    }

    #[inline(always)]
    unsafe fn dot_u6<const M: usize, const GROUPS: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [__m512i; M] {
        unsafe {
            let mut sums = [_mm512_setzero_si512(); M];
            for group in 0..GROUPS {
                let codes = _mm512_loadu_si512(codes.add(group * 64).cast());
                for (row, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_dpbusd_epi32(*sum, codes, broadcast(activations.add(row * stride + group * 4)));
                }
            }
            sums
        }
    }

    /// The instruction takes unsigned times signed bytes: 128 is added to the codes, and the offsets take 128 times the sum
    /// of the activations off again.
    #[inline(always)]
    unsafe fn dot_i8<const M: usize>(codes: *const i8, activations: Rows<i8>, offsets: Rows<i32>) -> [__m512i; M] {
        unsafe {
            let shift = _mm512_set1_epi8(i8::MIN);
            let mut sums: [__m512i; M] = std::array::from_fn(|row| _mm512_set1_epi32(*offsets.first.add(row * offsets.stride)));
            for group in 0..8 {
                let shifted = _mm512_xor_si512(_mm512_loadu_si512(codes.add(group * 64).cast()), shift);
                for (row, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_dpbusd_epi32(*sum, shifted, broadcast(activations.first.add(row * activations.stride + group * 4)));
                }
            }
            sums
        }
    }

    const DOTS_BF16: bool = BF16;

    #[inline(always)]
    unsafe fn store_bf16(to: *mut u16, value: __m512) {
        unsafe { to.cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(value)) };
    }

    #[inline(always)]
    unsafe fn dot_bf16<const M: usize>(weights: *const u16, activations: *const u16, stride: usize, pairs: usize) -> [__m512; M] {
        unsafe {
            let mut sums = [_mm512_setzero_ps(); M];
            for pair in 0..pairs {
                let weights = weights.add(32 * pair).cast::<__m512bh>().read_unaligned();
                for (row, sum) in sums.iter_mut().enumerate() {
                    let activations = broadcast(activations.add(row * stride + 2 * pair).cast());
                    *sum = _mm512_dpbf16_ps(*sum, weights, std::mem::transmute::<__m512i, __m512bh>(activations));
                }
            }
            sums
        }
    }
}
