//! What comes out, read by candle, against what went in and against candle's own quantisers.

use super::*;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Tensor};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FORMATS: [(Format, GgmlDType); 2] = [(Format::Q8_0, GgmlDType::Q8_0), (Format::Q4K, GgmlDType::Q4K)];
const COLUMNS: usize = 512;

const QUANTISER: Quantiser = Quantiser { asked: LoadQuantization::FourBit };

fn f32s(rows: usize, values: &[f32]) -> Stored<'static> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Stored::new(Format::F32, rows, values.len() / rows, bytes)
}

fn values(tensor: &QTensor) -> Vec<f32> {
    tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// What the blocks mean, as candle reads them.
fn read(stored: &Stored<'_>, kind: GgmlDType) -> Vec<f32> {
    let bytes: Vec<u8> = (0..stored.rows()).flat_map(|row| stored.row(row).to_vec()).collect();
    let storage = QStorage::from_data(bytes.into(), &Device::Cpu, kind).unwrap();
    values(&QTensor::new(storage, (stored.rows(), stored.columns())).unwrap())
}

fn quantised(rows: usize, weights: &[f32], format: Format, kind: GgmlDType) -> Vec<f32> {
    read(&QUANTISER.quantise(&f32s(rows, weights), format, 2).unwrap(), kind)
}

fn by_candle(rows: usize, weights: &[f32], kind: GgmlDType) -> Vec<f32> {
    let tensor = Tensor::from_slice(weights, (rows, weights.len() / rows), &Device::Cpu).unwrap();
    values(&QTensor::quantize(&tensor, kind).unwrap())
}

fn squares(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (f64::from(*left) - f64::from(*right)).powi(2)).sum()
}

/// About normal, as weights are: the sum of twelve draws.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| (0..12).map(|_| random.random_range(-0.5f32..0.5)).sum::<f32>() * 0.05).collect()
}

#[test]
fn eight_bits_are_within_half_a_step() {
    let weights = normal(7 * COLUMNS, 1);
    let got = quantised(7, &weights, Format::Q8_0, GgmlDType::Q8_0);
    for (got, weights) in got.chunks(32).zip(weights.chunks(32)) {
        let step = weights.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs())) / 127.0;
        // The scale is rounded to eleven bits, which moves the largest weight by up to a sixteenth of a step.
        let wrong = got.iter().zip(weights).find(|(got, weight)| (*got - *weight).abs() > 0.57 * step);
        assert_eq!(wrong, None, "steps of {step}");
    }
}

#[test]
fn errors_are_no_larger_than_those_of_candles_quantisers() {
    for (format, kind) in FORMATS {
        for seed in 0..5 {
            let weights = normal(16 * COLUMNS, seed);
            let ours = squares(&quantised(16, &weights, format, kind), &weights);
            let candles = squares(&by_candle(16, &weights, kind), &weights);
            assert!(ours <= candles, "{}: {ours} beside {candles}", format.name());
            assert!(ours > 0.5 * candles, "{}: {ours} beside {candles} is too good to be true", format.name());
        }
    }
}

#[test]
fn parts_without_spread_keep_their_value() {
    for value in [0.0f32, 0.25, -0.25, 3.0] {
        for (format, kind) in FORMATS {
            let mut weights = vec![value; COLUMNS];
            weights[64..96].fill(0.0);
            let got = quantised(1, &weights, format, kind);
            let wrong = got.iter().zip(&weights).find(|(got, weight)| (*got - *weight).abs() > 2e-3 * value.abs());
            assert_eq!(wrong, None, "{} of {value}", format.name());
        }
    }
}

#[test]
fn every_floating_point_type_and_any_number_of_threads_give_the_same() {
    // Values that all three types hold.
    let weights: Vec<f32> = (0u16..13 * 512).map(|at| f32::from(at % 61) / 8.0 - 3.5).collect();
    let f16 = weights.iter().flat_map(|&weight| half::f16::from_f32(weight).to_le_bytes()).collect::<Vec<_>>();
    let bf16 = weights.iter().flat_map(|&weight| half::bf16::from_f32(weight).to_le_bytes()).collect::<Vec<_>>();
    let sources = [f32s(13, &weights), Stored::new(Format::F16, 13, COLUMNS, f16), Stored::new(Format::Bf16, 13, COLUMNS, bf16)];
    for (format, _) in FORMATS {
        let bytes = |threads, source| {
            let stored = QUANTISER.quantise(source, format, threads).unwrap();
            (0..13).flat_map(|row| stored.row(row).to_vec()).collect::<Vec<_>>()
        };
        let expected = bytes(1, &sources[0]);
        for source in &sources {
            for threads in [1, 2, 5, 40] {
                assert!(bytes(threads, source) == expected, "{}, {threads} threads", format.name());
            }
        }
    }
}

#[test]
fn a_weight_that_is_no_number_is_not_rounded_to_one() {
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut weights = normal(4 * COLUMNS, 3);
        weights[3 * COLUMNS + 7] = wrong;
        assert!(FORMATS.iter().all(|(format, _)| QUANTISER.quantise(&f32s(4, &weights), *format, 2).is_none()), "{wrong}");
    }
}

#[test]
fn what_a_matrix_is_for_and_its_width_choose_its_format() {
    let choose = |asked, role, columns| {
        let choice = Quantiser { asked }.choose(role, columns, Format::Bf16);
        (choice.format, choice.exception)
    };
    let (eight, four) = (LoadQuantization::EightBit, LoadQuantization::FourBit);
    let rows = |columns, block| Some(Exception::Rows { columns, block });
    for (asked, role, columns, expected) in [
        (eight, Role::Projection, 576, (Format::Q8_0, None)),
        (eight, Role::Head, 576, (Format::Q8_0, None)),
        (eight, Role::Table, 576, (Format::Bf16, Some(Exception::Table))),
        (eight, Role::Router, 576, (Format::Bf16, Some(Exception::Router))),
        (eight, Role::Projection, 40, (Format::Bf16, rows(40, 32))),
        (four, Role::Projection, 1536, (Format::Q4K, None)),
        (four, Role::Projection, 576, (Format::Q8_0, rows(576, 256))),
        (four, Role::Projection, 40, (Format::Bf16, rows(40, 32))),
        (four, Role::Head, 1024, (Format::Q8_0, Some(Exception::Head))),
        (four, Role::Table, 1024, (Format::Bf16, Some(Exception::Table))),
        (four, Role::Router, 1024, (Format::Bf16, Some(Exception::Router))),
    ] {
        assert_eq!(choose(asked, role, columns), expected, "{asked}, {role:?} of {columns}");
    }
}

proptest! {
    #[test]
    fn no_weights_come_out_further_off_than_a_step_of_their_part(
        weights in prop::collection::vec(prop_oneof![-1.0f32..1.0, -1e-3f32..1e-3, Just(0.0), 0.9f32..1.0], 256)
    ) {
        for (format, kind) in FORMATS {
            let got = quantised(1, &weights, format, kind);
            // A step of four bits over −1 to 1, and half a step of the six bits of scale and minimum.
            let most = if format == Format::Q8_0 { 0.6 / 127.0 } else { 2.0 / 15.0 + 1.0 / 63.0 };
            let wrong = got.iter().zip(&weights).find(|(got, weight)| (*got - *weight).abs() > most);
            prop_assert!(wrong.is_none(), "{}: {wrong:?}", format.name());
        }
    }
}
