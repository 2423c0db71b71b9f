//! Multiply-adds on values that never leave the registers: what kernels of matrix products have above them.
#![expect(unsafe_code, reason = "functions for instructions that a processor may lack; each is called only after it was asked for them")]

/// Multiply-adds by one kind of instruction.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    /// The instructions.
    pub(crate) name: &'static str,
    /// Does a millisecond's worth or less. Safe wherever the function that gave this kernel did give it.
    run: unsafe fn() -> u64,
}

impl Kernel {
    /// Does some and says how many.
    pub(crate) fn run(self) -> u64 {
        // SAFETY: a kernel is made only below, behind the test for its instructions.
        unsafe { (self.run)() }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{bf16_kernel, f32_kernel, int8_kernel};

/// None is known for this kind of processor.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn f32_kernel() -> Option<Kernel> {
    None
}

/// None is known for this kind of processor.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn bf16_kernel() -> Option<Kernel> {
    None
}

/// None is known for this kind of processor.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn int8_kernel() -> Option<Kernel> {
    None
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Kernel;
    use std::arch::x86_64::*;
    use std::hint::black_box;

    /// Chains that run at once. Latency × units is at most 10 (two units, five cycles), and 12 sums with two operands
    /// fit the 16 registers of AVX2.
    const CHAINS: usize = 12;

    /// Links of each chain per call.
    const LINKS: usize = 20_000;

    /// The widest of this processor.
    pub(crate) fn f32_kernel() -> Option<Kernel> {
        if is_x86_feature_detected!("avx512f") {
            Some(Kernel { name: "vfmadd, 512 bits", run: fma_512 })
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Some(Kernel { name: "vfmadd, 256 bits", run: fma_256 })
        } else {
            None
        }
    }

    /// `None` without instructions for it: then products of bfloat16 weights are of f32.
    pub(crate) fn bf16_kernel() -> Option<Kernel> {
        is_x86_feature_detected!("avx512bf16").then_some(Kernel { name: "vdpbf16ps, 512 bits", run: dot_bf16 })
    }

    /// The widest of this processor. Without VNNI, sums of 16 bits: that suffices for a few products of 4-bit weights in
    /// a row, so it is what no kernel of AVX2 gets above.
    pub(crate) fn int8_kernel() -> Option<Kernel> {
        if is_x86_feature_detected!("avx512vnni") {
            Some(Kernel { name: "vpdpbusd, 512 bits", run: dot_512 })
        } else if is_x86_feature_detected!("avxvnni") {
            Some(Kernel { name: "vpdpbusd, 256 bits", run: dot_256 })
        } else if is_x86_feature_detected!("avx2") {
            Some(Kernel { name: "vpmaddubsw and vpaddw, 256 bits", run: maddubs_256 })
        } else {
            None
        }
    }

    /// How many multiply-adds a call makes whose instruction makes `lanes`.
    const fn count(lanes: usize) -> u64 {
        (LINKS * CHAINS * lanes) as u64
    }

    /// Runs `$next` on every chain, again and again; it must depend on the chain's last value, or the compiler would do
    /// it once.
    macro_rules! chains {
        ($start:expr, $lanes:expr, |$sum:ident| $next:expr) => {{
            let mut sums = [$start; CHAINS];
            for _ in 0..LINKS {
                for $sum in &mut sums {
                    *$sum = $next;
                }
            }
            black_box(sums);
            count($lanes)
        }};
    }

    #[target_feature(enable = "avx512f")]
    fn fma_512() -> u64 {
        let (left, right) = black_box((_mm512_set1_ps(1.25), _mm512_set1_ps(0.5)));
        chains!(_mm512_setzero_ps(), 16, |sum| _mm512_fmadd_ps(left, right, *sum))
    }

    #[target_feature(enable = "avx2,fma")]
    fn fma_256() -> u64 {
        let (left, right) = black_box((_mm256_set1_ps(1.25), _mm256_set1_ps(0.5)));
        chains!(_mm256_setzero_ps(), 8, |sum| _mm256_fmadd_ps(left, right, *sum))
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    fn dot_bf16() -> u64 {
        let halves = |value| _mm512_cvtne2ps_pbh(_mm512_set1_ps(value), _mm512_set1_ps(value));
        let (left, right) = black_box((halves(1.25), halves(0.5)));
        chains!(_mm512_setzero_ps(), 32, |sum| _mm512_dpbf16_ps(*sum, left, right))
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn dot_512() -> u64 {
        let (left, right) = black_box((_mm512_set1_epi8(3), _mm512_set1_epi8(-5)));
        chains!(_mm512_setzero_si512(), 64, |sum| _mm512_dpbusd_epi32(*sum, left, right))
    }

    #[target_feature(enable = "avx2,avxvnni")]
    fn dot_256() -> u64 {
        let (left, right) = black_box((_mm256_set1_epi8(3), _mm256_set1_epi8(-5)));
        chains!(_mm256_setzero_si256(), 32, |sum| _mm256_dpbusd_avx_epi32(*sum, left, right))
    }

    #[target_feature(enable = "avx2")]
    fn maddubs_256() -> u64 {
        let right = black_box(_mm256_set1_epi8(-5));
        // The sum is an operand too: a product of two constants would be made once.
        chains!(black_box(_mm256_set1_epi8(3)), 32, |sum| _mm256_add_epi16(*sum, _mm256_maddubs_epi16(*sum, right)))
    }
}
