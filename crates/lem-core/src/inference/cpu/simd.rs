//! Sixteen lanes of arithmetic, on whatever vector unit the processor has.
//!
//! Kernels are written once, over [`Simd`], and compiled once per [`Level`]: [`Level::run`] enters a function that is
//! compiled for the level's instructions, and everything below it is inlined into that function. Sixteen lanes are one
//! AVX-512 register, two AVX2 registers, or an array.
//!
//! # Why this is sound
//!
//! Methods of [`Simd`] use instructions that a processor may lack, so they are unsafe to call: only [`Level::run`] calls
//! into them, with a level that [`Level::best`] found on this very processor. Pointers are the callers' responsibility.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod math;
mod portable;

use portable::Portable;

/// Number of lanes: outputs of a weight tile, keys of a cache tile.
pub(crate) const LANES: usize = 16;

/// Sixteen lanes of one instruction set.
pub(crate) trait Simd: Copy {
    /// Sixteen f32.
    type F32: Copy;
    /// Sixteen i32.
    type I32: Copy;

    unsafe fn splat(value: f32) -> Self::F32;
    unsafe fn load(from: *const f32) -> Self::F32;
    unsafe fn store(to: *mut f32, value: Self::F32);
    /// Widens sixteen IEEE half-precision numbers.
    unsafe fn load_f16(from: *const u16) -> Self::F32;
    /// Widens sixteen pairs of bfloat16 numbers: the first of each, and the second.
    unsafe fn load_bf16_pairs(from: *const u16) -> (Self::F32, Self::F32);
    unsafe fn add(left: Self::F32, right: Self::F32) -> Self::F32;
    unsafe fn sub(left: Self::F32, right: Self::F32) -> Self::F32;
    unsafe fn mul(left: Self::F32, right: Self::F32) -> Self::F32;
    unsafe fn div(left: Self::F32, right: Self::F32) -> Self::F32;
    /// `left × right + addend`, with one rounding where the processor can.
    unsafe fn mul_add(left: Self::F32, right: Self::F32, addend: Self::F32) -> Self::F32;
    unsafe fn max(left: Self::F32, right: Self::F32) -> Self::F32;
    unsafe fn min(left: Self::F32, right: Self::F32) -> Self::F32;
    /// Largest magnitude of the lanes.
    unsafe fn largest_magnitude(value: Self::F32) -> f32;
    unsafe fn sum(value: Self::F32) -> f32;
    /// 2 to the power of whole numbers in −126..=127.
    unsafe fn exp2_whole(value: Self::F32) -> Self::F32;
    /// The nearest whole number.
    unsafe fn round(value: Self::F32) -> Self::F32;
    /// Rounds lanes within −127..=127 to the nearest whole number, writes them as bytes and gives their sum.
    unsafe fn store_i8(to: *mut i8, value: Self::F32) -> i32;
    unsafe fn to_f32(value: Self::I32) -> Self::F32;

    /// Dot products of 32 four-bit codes of sixteen outputs with `M` activation blocks, `stride` bytes apart.
    ///
    /// `codes` holds 4 groups of 64 bytes; byte `4 × lane + i` of group `g` carries code `4 × g + i` of output `lane` in
    /// its low half and code `16 + 4 × g + i` in its high half. Activations lie in −127..=127.
    unsafe fn dot_u4<const M: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [Self::I32; M];

    /// Dot products of `4 × GROUPS` codes in 0..=63, a byte each, with `M` activation blocks.
    ///
    /// Byte `4 × lane + i` of group `g` carries code `4 × g + i` of output `lane`.
    unsafe fn dot_u6<const M: usize, const GROUPS: usize>(codes: *const u8, activations: *const i8, stride: usize) -> [Self::I32; M];

    /// Dot products of 32 codes in −128..=127, laid out as in [`Self::dot_u6`], with `M` activation blocks. `offsets` are
    /// −128 times the sums of these blocks, for instructions that take unsigned codes: with 128 added to them.
    unsafe fn dot_i8<const M: usize>(codes: *const i8, activations: Rows<i8>, offsets: Rows<i32>) -> [Self::I32; M];

    /// Whether there are instructions for products of bfloat16 pairs, so that the next two can be called.
    const DOTS_BF16: bool = false;

    /// Rounds sixteen numbers to bfloat16, to the nearest and of two to the even one.
    unsafe fn store_bf16(_to: *mut u16, _value: Self::F32) {
        unreachable!("no bfloat16 instructions at this level")
    }

    /// Dot products of `pairs` pairs of bfloat16 weights of sixteen outputs with `M` rows of activations, `stride` numbers
    /// apart.
    ///
    /// Pair `p` of output `lane` stands at number `32 × p + 2 × lane`.
    unsafe fn dot_bf16<const M: usize>(_weights: *const u16, _activations: *const u16, _stride: usize, _pairs: usize) -> [Self::F32; M] {
        unreachable!("no bfloat16 instructions at this level")
    }
}

/// Where rows of numbers stand.
#[derive(Clone, Copy)]
pub(crate) struct Rows<T> {
    /// The first number of the first row.
    pub(crate) first: *const T,
    /// Numbers from a row to the next.
    pub(crate) stride: usize,
}

/// Something to compute with sixteen lanes.
pub(crate) trait Operation {
    type Output;

    /// Computes it; implementations are `#[inline(always)]`, so that they take on the caller's instructions.
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    unsafe fn run<S: Simd>(self) -> Self::Output;
}

/// A vector unit that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(Unit);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    #[cfg(target_arch = "x86_64")]
    Avx512Bf16,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Level {
    /// The best one.
    pub(crate) fn best() -> Self {
        Self::available()[0]
    }

    /// Every one, the best first.
    pub(crate) fn available() -> Vec<Self> {
        let mut units = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vnni")
            {
                if is_x86_feature_detected!("avx512bf16") {
                    units.push(Unit::Avx512Bf16);
                }
                units.push(Unit::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
                units.push(Unit::Avx2);
            }
        }
        units.push(Unit::Portable);
        units.into_iter().map(Self).collect()
    }

    /// Its name, for the record of which kernel ran.
    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => "AVX-512 VNNI BF16",
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512 => "AVX-512 VNNI",
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2 => "AVX2",
            Unit::Portable => "portable",
        }
    }

    /// Whether bfloat16 weights meet activations that are rounded to bfloat16.
    pub(crate) const fn dots_bf16(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => true,
            _ => false,
        }
    }

    /// Computes with this unit.
    #[inline]
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            // SAFETY: a level exists only where its instructions do.
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512Bf16 => unsafe { avx512::run_bf16(operation) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512 => unsafe { avx512::run(operation) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2 => unsafe { avx2::run(operation) },
            // SAFETY: it needs no instruction beyond the target's own.
            Unit::Portable => unsafe { operation.run::<Portable>() },
        }
    }
}

pub(crate) use math::{exp, gelu, gelu_tanh, silu, tanh};

#[cfg(test)]
mod tests;
