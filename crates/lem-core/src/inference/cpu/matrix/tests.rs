//! Products against plain sums in f64, for every format and at every level that this machine has.

use super::{Destination, Linear, Matrix, Products, Update};
use crate::inference::architecture::Activation;
use crate::inference::checkpoint::{Format, Stored};
use crate::inference::cpu::activations::{Activations, Input, Takes};
use crate::inference::cpu::pool::Pool;
use crate::inference::cpu::shared::Shared;
use crate::inference::cpu::simd::Level;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FORMATS: [(Format, GgmlDType); 13] = [
    (Format::F32, GgmlDType::F32),
    (Format::F16, GgmlDType::F16),
    (Format::Bf16, GgmlDType::BF16),
    (Format::Q4_0, GgmlDType::Q4_0),
    (Format::Q4_1, GgmlDType::Q4_1),
    (Format::Q5_0, GgmlDType::Q5_0),
    (Format::Q5_1, GgmlDType::Q5_1),
    (Format::Q8_0, GgmlDType::Q8_0),
    (Format::Q2K, GgmlDType::Q2K),
    (Format::Q3K, GgmlDType::Q3K),
    (Format::Q4K, GgmlDType::Q4K),
    (Format::Q5K, GgmlDType::Q5K),
    (Format::Q6K, GgmlDType::Q6K),
];

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0) * random.random_range(0.05..2.0)).collect()
}

/// A random matrix as a file would hold it, and the weights that this means.
fn stored(format: Format, kind: GgmlDType, outputs: usize, inputs: usize) -> (Stored<'static>, Vec<f32>) {
    let values = Tensor::from_vec(random(outputs * inputs, 5), (outputs, inputs), &Device::Cpu).unwrap();
    let tensor = QTensor::quantize(&values, kind).unwrap();
    let weights = tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    (Stored::new(format, outputs, inputs, tensor.data().unwrap().into_owned()), weights)
}

/// The input as products with this matrix see it.
fn seen(input: &Input<'_>) -> Vec<f64> {
    if !input.halves.is_empty() {
        return input.halves.iter().map(|&bits| half::bf16::from_bits(bits).to_f64()).collect();
    }
    if input.codes.is_empty() {
        return input.values.iter().copied().map(f64::from).collect();
    }
    input.codes.iter().enumerate().map(|(at, &code)| f64::from(code) * f64::from(input.scales[at / 32])).collect()
}

/// Sums of products in f64, and of their magnitudes: what rounding errors are relative to.
fn plain(weights: &[f32], input: &[f64], inputs: usize) -> Vec<(f64, f64)> {
    let row = |input: &[f64], weights: &[f32]| {
        let products = input.iter().zip(weights).map(|(input, &weight)| input * f64::from(weight));
        products.fold((0.0, 0.0), |(sum, magnitude), product| (sum + product, magnitude + product.abs()))
    };
    input.chunks(inputs).flat_map(|input| weights.chunks(inputs).map(move |weights| row(input, weights))).collect()
}

fn to<'a>(output: &'a mut [f32], stride: usize, column: usize, update: Update) -> Destination<'a> {
    Destination { output: Shared::new(output), stride, column, update }
}

#[test]
fn the_weights_of_an_output_are_those_of_the_file() {
    for (format, kind) in FORMATS {
        let (stored, weights) = stored(format, kind, 37, 512);
        let matrix = Matrix::pack(&[stored]);
        let mut row = vec![0.0; 512];
        for output in 0..37 {
            matrix.read_output(output, &mut row);
            let expected = &weights[output * 512..][..512];
            let wrong = row.iter().zip(expected).find(|(got, expected)| (*got - *expected).abs() > 1e-6 * expected.abs().max(0.1));
            assert_eq!(wrong, None, "{} of output {output}", format.name());
        }
    }
}

#[test]
fn a_product_is_the_sum_of_products_whatever_computes_it() {
    const INPUTS: usize = 512;
    for (format, kind) in FORMATS {
        // A tile that is not full, and parts that do not end where tiles do.
        let (first, mut weights) = stored(format, kind, 48, INPUTS);
        let (second, more) = stored(format, kind, 21, INPUTS);
        weights.extend(more);
        let linear = Linear::new(Matrix::pack(&[first, second]), None);
        let outputs = weights.len() / INPUTS;
        for level in Level::available() {
            for (rows, threads) in [(1, 1), (1, 3), (2, 2), (3, 1), (5, 2), (6, 1), (17, 3)] {
                let mut pool = Pool::new(threads).unwrap();
                let values = random(rows * INPUTS, 9);
                let mut room = Activations::default();
                let input = room.load(&mut pool, level, &values, INPUTS, linear.matrix.takes());
                let mut output = vec![f32::NAN; rows * outputs];
                Products { level, input }.compute(&mut pool, &[(&linear, to(&mut output, outputs, 0, Update::Replace))]);
                for (got, (expected, magnitude)) in output.iter().zip(plain(&weights, &seen(&input), INPUTS)) {
                    let error = (f64::from(*got) - expected).abs() / magnitude;
                    let name = format.name();
                    assert!(error < 1e-6, "{name}, {}, {rows} rows: {got} instead of {expected}", level.name());
                }
            }
        }
    }
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    const INPUTS: usize = 256;
    for (format, kind) in FORMATS {
        let linear = Linear::new(Matrix::pack(&[stored(format, kind, 32, INPUTS).0]), None);
        for level in Level::available() {
            let mut pool = Pool::new(1).unwrap();
            let values = random(13 * INPUTS, 3);
            let mut compute = |values: &[f32]| {
                let mut room = Activations::default();
                let input = room.load(&mut pool, level, values, INPUTS, linear.matrix.takes());
                let mut output = vec![0.0; values.len() / INPUTS * 32];
                Products { level, input }.compute(&mut pool, &[(&linear, to(&mut output, 32, 0, Update::Replace))]);
                output
            };
            let together = compute(&values);
            let alone: Vec<f32> = values.chunks(INPUTS).flat_map(&mut compute).collect();
            assert!(together.iter().zip(&alone).all(|(left, right)| left.to_bits() == right.to_bits()), "{}", format.name());
        }
    }
}

#[test]
fn bytes_are_within_half_a_step_of_the_input() {
    let values = random(4 * 64, 1);
    for level in Level::available() {
        let mut room = Activations::default();
        let mut pool = Pool::new(2).unwrap();
        let input = room.load(&mut pool, level, &values, 64, Takes { bytes: true, halves: false });
        for (at, (seen, &value)) in seen(&input).iter().zip(&values).enumerate() {
            assert!((seen - f64::from(value)).abs() <= 0.501 * f64::from(input.scales[at / 32]), "{value} became {seen}");
        }
        for (half, &sum) in input.sums.iter().enumerate() {
            let expected: f64 = seen(&input)[half * 16..][..16].iter().sum();
            assert!((f64::from(sum) - expected).abs() < 1e-5, "{sum} instead of {expected}");
        }
    }
}

#[test]
fn halves_are_the_nearest_bfloat16() {
    let values = random(3 * 50, 1);
    for level in Level::available().into_iter().filter(|level| level.dots_bf16()) {
        let mut room = Activations::default();
        let mut pool = Pool::new(2).unwrap();
        let input = room.load(&mut pool, level, &values, 50, Takes { bytes: false, halves: true });
        let expected: Vec<u16> = values.iter().map(|&value| half::bf16::from_f32(value).to_bits()).collect();
        assert_eq!(input.halves, expected, "{}", level.name());
    }
}

#[test]
fn biases_activations_and_updates_come_with_the_product() {
    let (stored, weights) = stored(Format::F32, GgmlDType::F32, 20, 32);
    let bias = random(20, 4);
    let up = Linear::new(Matrix::pack(std::slice::from_ref(&stored)), Some(bias.clone()));
    let gate = Linear::new(Matrix::pack(&[stored.select((0..20).rev())]), None);
    let values = random(3 * 32, 8);
    let plain = plain(&weights, &values.iter().copied().map(f64::from).collect::<Vec<_>>(), 32);
    let product = |row: usize, output: usize| plain[row * 20 + output].0;
    let silu = |x: f64| x / (1.0 + (-x).exp());
    for level in Level::available() {
        let mut pool = Pool::new(2).unwrap();
        let mut room = Activations::default();
        let products = Products { level, input: room.load(&mut pool, level, &values, 32, Takes::default()) };
        let mut check =
            |what: &str, compute: &dyn Fn(&mut Pool, Destination<'_>), update: Update, expected: &dyn Fn(usize, usize) -> f64| {
                // Ten columns of another product before, none after.
                let mut output = vec![0.5; 3 * 30];
                compute(&mut pool, to(&mut output, 30, 10, update));
                for row in 0..3 {
                    assert!(output[row * 30..][..10].iter().all(|&kept| kept.to_bits() == 0.5f32.to_bits()), "{what}");
                    for at in 0..20 {
                        let (got, expected) = (f64::from(output[row * 30 + 10 + at]), expected(row, at));
                        assert!((got - expected).abs() < 1e-5, "{what}, {}: {got} instead of {expected}", level.name());
                    }
                }
            };
        let biased = |row, at: usize| product(row, at) + f64::from(bias[at]);
        let compute = |pool: &mut Pool, to: Destination<'_>| products.compute(pool, &[(&up, to)]);
        check("replace", &compute, Update::Replace, &biased);
        check("add", &compute, Update::Add(0.25), &|row, at| 0.5 + 0.25 * biased(row, at));
        let activated = |pool: &mut Pool, to: Destination<'_>| products.activated(pool, &up, Activation::Silu, to);
        check("activated", &activated, Update::Replace, &|row, at| silu(biased(row, at)));
        let gated = |pool: &mut Pool, to: Destination<'_>| products.gated(pool, &gate, &up, Activation::Silu, to);
        check("gated", &gated, Update::Replace, &|row, at| silu(product(row, 19 - at)) * biased(row, at));
    }
}
