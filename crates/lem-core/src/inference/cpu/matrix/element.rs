//! Floating-point weights as they are stored.

use crate::inference::cpu::simd::Simd;

/// A type that sixteen f32 can be widened from.
pub(crate) trait Element: Copy {
    /// Reads sixteen of them.
    ///
    /// # Safety
    /// They are there, and the processor has the instructions of `S`.
    unsafe fn load<S: Simd>(from: *const Self) -> S::F32;
}

impl Element for f32 {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> S::F32 {
        unsafe { S::load(from) }
    }
}

/// Bits of an IEEE half-precision number.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Half(u16);

impl Element for Half {
    #[inline(always)]
    unsafe fn load<S: Simd>(from: *const Self) -> S::F32 {
        unsafe { S::load_f16(from.cast()) }
    }
}
