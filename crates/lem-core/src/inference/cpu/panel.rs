//! The product at the bottom of everything in f32: a few rows times sixteen columns.

use super::matrix::Element;
use super::simd::{LANES, Simd};

/// `M` rows of `a`, `a_stride` apart, times `inner` rows of sixteen values of `b`, `b_stride` apart.
///
/// Every row's sum goes over `inner` in the same order whatever `M` is, so a row's result does not depend on the rows
/// that it is computed with.
///
/// # Safety
/// All of these values are there, and the processor has the instructions of `S`.
#[inline(always)]
pub(crate) unsafe fn panel<S: Simd, E: Element, const M: usize>(
    a: *const f32,
    a_stride: usize,
    b: *const E,
    b_stride: usize,
    inner: usize,
) -> [S::F32; M] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [S::splat(0.0); M];
        for step in 0..inner {
            let b = E::load::<S>(b.add(step * b_stride));
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = S::mul_add(S::splat(*a.add(row * a_stride + step)), b, *sum);
            }
        }
        sums
    }
}

/// As [`panel`], with `pairs` pairs of bfloat16 values of `b`: those of one lane stand side by side.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn pair_panel<S: Simd, const M: usize>(a: *const f32, a_stride: usize, b: *const u16, pairs: usize) -> [S::F32; M] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [S::splat(0.0); M];
        for pair in 0..pairs {
            let (first, second) = S::load_bf16_pairs(b.add(pair * 2 * LANES));
            for (row, sum) in sums.iter_mut().enumerate() {
                let a = a.add(row * a_stride + 2 * pair);
                *sum = S::mul_add(S::splat(*a.add(1)), second, S::mul_add(S::splat(*a), first, *sum));
            }
        }
        sums
    }
}

/// How many rows the widest product takes at once: as many sums as there are registers for beside what they are made of.
pub(crate) const MOST_ROWS: usize = 6;

/// Splits rows into groups for which there is code, and calls `$body` with the group's first row and its size as a
/// constant.
macro_rules! by_rows {
    ($rows:expr, |$row:ident, $M:ident| $body:expr) => {{
        let rows: usize = $rows;
        let mut $row = 0;
        while $row < rows {
            match rows - $row {
                1 => {
                    const $M: usize = 1;
                    $body;
                    $row += 1;
                }
                2..4 => {
                    const $M: usize = 2;
                    $body;
                    $row += 2;
                }
                4..6 => {
                    const $M: usize = 4;
                    $body;
                    $row += 4;
                }
                _ => {
                    const $M: usize = 6;
                    $body;
                    $row += 6;
                }
            }
        }
    }};
}
pub(crate) use by_rows;

const _: () = assert!(LANES == 16 && MOST_ROWS == 6, "the groups above");
