//! Functions of sixteen lanes.

use super::Simd;

/// e to the power of each lane; 0 below −87.3, and e^88 above 88.
///
/// Cody and Waite's reduction to a power of two and a rest below ln 2 / 2, whose exponential is a polynomial of degree
/// six: the relative error stays below 2·10⁻⁷.
#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(value: S::F32) -> S::F32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // SAFETY: the caller's promise that the processor has the instructions of `S`; so in all of this file.
    unsafe {
        let value = S::max(S::min(value, S::splat(88.0)), S::splat(-87.3));
        let power = S::round(S::mul(value, S::splat(std::f32::consts::LOG2_E)));
        let rest = S::mul_add(power, S::splat(-LN_2_HIGH), value);
        let rest = S::mul_add(power, S::splat(-LN_2_LOW), rest);
        let mut sum = S::splat(1.0 / 720.0);
        for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = S::mul_add(sum, rest, S::splat(coefficient));
        }
        S::mul(sum, S::exp2_whole(power))
    }
}

/// x / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) unsafe fn silu<S: Simd>(value: S::F32) -> S::F32 {
    unsafe {
        let exponential = exp::<S>(S::sub(S::splat(0.0), value));
        S::div(value, S::add(S::splat(1.0), exponential))
    }
}

/// Hyperbolic tangent, as 1 − 2 / (e²ˣ + 1).
#[inline(always)]
pub(crate) unsafe fn tanh<S: Simd>(value: S::F32) -> S::F32 {
    unsafe {
        let exponential = exp::<S>(S::add(value, value));
        S::sub(S::splat(1.0), S::div(S::splat(2.0), S::add(exponential, S::splat(1.0))))
    }
}

/// GELU by its approximation with tanh; Hendrycks and Gimpel 2016, arXiv 1606.08415.
#[inline(always)]
pub(crate) unsafe fn gelu_tanh<S: Simd>(value: S::F32) -> S::F32 {
    const ROOT: f32 = 0.797_884_6; // √(2 / π)
    unsafe {
        let cube = S::mul(S::mul(value, value), value);
        let inner = S::mul(S::splat(ROOT), S::mul_add(cube, S::splat(0.044_715), value));
        // ½ (1 + tanh u) = 1 / (1 + e⁻²ᵘ), which loses no digits where tanh is near −1.
        let exponential = exp::<S>(S::mul(S::splat(-2.0), inner));
        S::div(value, S::add(S::splat(1.0), exponential))
    }
}

/// GELU, x Φ(x).
///
/// The error function is formula 7.1.26 of Abramowitz and Stegun, whose absolute error stays below 1.5·10⁻⁷.
#[inline(always)]
pub(crate) unsafe fn gelu<S: Simd>(value: S::F32) -> S::F32 {
    const COEFFICIENTS: [f32; 4] = [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6];
    unsafe {
        let magnitude = S::max(value, S::sub(S::splat(0.0), value));
        let scaled = S::mul(magnitude, S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = S::div(S::splat(1.0), S::mul_add(S::splat(0.327_591_1), scaled, S::splat(1.0)));
        let mut sum = S::splat(1.061_405_4);
        for coefficient in COEFFICIENTS {
            sum = S::mul_add(sum, t, S::splat(coefficient));
        }
        let square = S::mul(scaled, scaled);
        // 1 − erf(|x| / √2) of the positive side; x Φ(x) = max(x, 0) − |x| times half of it on both sides.
        let complement = S::mul(S::mul(sum, t), exp::<S>(S::sub(S::splat(0.0), square)));
        let half = S::mul(S::mul(magnitude, S::splat(0.5)), complement);
        S::sub(S::max(value, S::splat(0.0)), half)
    }
}
