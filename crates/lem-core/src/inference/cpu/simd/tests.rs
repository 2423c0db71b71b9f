use super::*;

/// A function of lanes as an operation, so that it can be tested at every level.
macro_rules! operation {
    ($name:ident, $function:path) => {
        struct $name([f32; LANES]);
        impl Operation for $name {
            type Output = [f32; LANES];
            #[inline(always)]
            unsafe fn run<S: Simd>(self) -> [f32; LANES] {
                let mut output = [0.0; LANES];
                // SAFETY: sixteen lanes are read and written.
                unsafe { S::store(output.as_mut_ptr(), $function(S::load(self.0.as_ptr()))) };
                output
            }
        }
    };
}

operation!(Exp, exp::<S>);
operation!(Silu, silu::<S>);
operation!(Tanh, tanh::<S>);
operation!(Gelu, gelu::<S>);
operation!(GeluTanh, gelu_tanh::<S>);

/// Numbers from −20 to 20, with the places where the functions bend, sixteen at a time.
fn grid() -> impl Iterator<Item = [f32; LANES]> {
    (-160..160i16).map(|step| std::array::from_fn(|lane| f32::from(step) / 8.0 + f32::from(u8::try_from(lane).unwrap()) / 128.0))
}

fn check<O: Operation<Output = [f32; LANES]>>(operation: fn([f32; LANES]) -> O, truth: fn(f64) -> f64, relative: f64, absolute: f64) {
    for level in Level::available() {
        for values in grid() {
            for (value, got) in values.into_iter().zip(level.run(operation(values))) {
                let expected = truth(f64::from(value));
                let error = (f64::from(got) - expected).abs();
                assert!(error <= relative * expected.abs() + absolute, "{}: {value} gave {got} instead of {expected}", level.name());
            }
        }
    }
}

/// Gauss's error function by its Taylor series, which converges everywhere and is exact enough below 4; beyond it is one to eight digits.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn functions_of_lanes_are_those_of_mathematics() {
    check(Exp, f64::exp, 3e-7, 0.0);
    check(Silu, |x| x / (1.0 + (-x).exp()), 6e-7, 1e-9);
    check(Tanh, f64::tanh, 0.0, 3e-7);
    check(Gelu, |x| x * 0.5 * (1.0 + erf(x / 2f64.sqrt())), 5e-7, 1e-6);
    let tanh_form = |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
    check(GeluTanh, tanh_form, 4e-6, 1e-7);
}

#[test]
fn an_exponential_neither_overflows_nor_loses_its_zero() {
    for level in Level::available() {
        let got = level.run(Exp([-1e30, -100.0, 100.0, 1e30, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
        assert!(got[..2].iter().all(|&small| small < 1.3e-38) && got[2..4].iter().all(|large| large.is_finite()), "{got:?}");
        assert!(got[4..].iter().all(|one| one.to_bits() == 1f32.to_bits()), "{got:?}");
    }
}

struct Bytes([f32; LANES]);

impl Operation for Bytes {
    type Output = ([i8; LANES], i32);
    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> Self::Output {
        let mut bytes = [0; LANES];
        // SAFETY: sixteen lanes are read and written.
        let sum = unsafe { S::store_i8(bytes.as_mut_ptr(), S::load(self.0.as_ptr())) };
        (bytes, sum)
    }
}

#[test]
fn bytes_keep_their_order_and_their_sum() {
    let values = std::array::from_fn(|lane| f32::from(u8::try_from(lane).unwrap()) * 16.93 - 127.0);
    #[expect(clippy::cast_possible_truncation, reason = "values within those of a byte")]
    let expected: [i8; LANES] = values.map(|value: f32| value.round_ties_even() as i8);
    for level in Level::available() {
        assert_eq!(level.run(Bytes(values)), (expected, expected.iter().map(|&byte| i32::from(byte)).sum()), "{}", level.name());
    }
}
