//! Logits against a plain implementation in f64.

use super::reference;
use super::tiny_model::{HIDDEN, TinyModel, VOCABULARY};
use super::{load, reference::log_probability};
use crate::inference::candle::CandleEngine;
use crate::inference::candle::generation::PREFILL_CHUNK;
use crate::inference::cpu::Level;
use crate::inference::executed::Executed;
use crate::inference::executor::{Extent, Segment};
use candle_core::quantized::GgmlDType;

/// Rounding of f32 through two blocks; a wrong mask, rotation or grouping is off by a thousand times more.
const TOLERANCE: f64 = 1e-4;
fn text(length: u32) -> Vec<u32> {
    (0..length).map(|step| (step * step * 31 + step * 7 + 65) % 256).collect()
}

/// Runs a pass and gives the logits of all of its tokens.
fn pass(engine: &mut CandleEngine, segments: &[Segment<'_>]) -> Vec<Vec<f32>> {
    let executed = &mut Executed::default();
    engine.executor.run(segments, executed).unwrap();
    let positions: Vec<_> = (0..segments.iter().map(|segment| segment.tokens.len()).sum()).collect();
    engine.executor.logits(&positions, executed).unwrap().chunks(VOCABULARY).map(<[f32]>::to_vec).collect()
}

/// Logits at every position, when the text is run in pieces of these lengths.
fn logits(engine: &mut CandleEngine, tokens: &[u32], pieces: &[usize]) -> Vec<Vec<f32>> {
    let length = tokens.len();
    engine.executor.reserve(Extent { rows: 1, capacity: length, tokens: length, positions: length }).unwrap();
    let mut rest = tokens;
    let mut all = Vec::new();
    for &length in pieces {
        let (tokens, after) = rest.split_at(length);
        rest = after;
        all.extend(pass(engine, &[Segment { row: 0, tokens }]));
    }
    assert!(rest.is_empty());
    all
}

fn check_close(got: &[Vec<f32>], expected: &[Vec<f64>]) {
    assert_eq!(got.len(), expected.len());
    for (position, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got.len(), VOCABULARY);
        let largest = expected.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let smallest = expected.iter().copied().fold(f64::INFINITY, f64::min);
        for (&got, expected) in got.iter().zip(expected) {
            let error = (f64::from(got) - expected).abs() / (largest - smallest);
            assert!(error < TOLERANCE, "position {position}: {got} instead of {expected}");
        }
    }
}

fn check(model: &TinyModel, length: u32, pieces: &[usize]) {
    let tokens = text(length);
    check_close(&logits(&mut load(model).unwrap(), &tokens, pieces), &reference::logits(model, &tokens));
}

/// Weights in blocks meet activations in bytes, those in bfloat16 others in bfloat16, whose rounding errors do not average out in a model this narrow: the
/// errors of all logits together, as a part of the logits, are held to a bound. A format that is read wrongly is off by
/// the logits themselves.
fn check_rounded(model: &TinyModel) {
    const BOUND: f64 = 0.08;
    let tokens = text(20);
    let got = logits(&mut load(model).unwrap(), &tokens, &[17, 1, 1, 1]);
    let expected = reference::logits(model, &tokens);
    let pairs = || got.iter().flatten().zip(expected.iter().flatten());
    let errors: f64 = pairs().map(|(&got, expected)| (f64::from(got) - expected).powi(2)).sum();
    let logits: f64 = pairs().map(|(_, expected)| expected.powi(2)).sum();
    let error = (errors / logits).sqrt();
    assert!(error > 1e-4 && error < BOUND, "{error} of the logits");
}

#[test]
fn a_prompt_in_one_pass() {
    check(&TinyModel::new(GgmlDType::F32), 40, &[40]);
    check(&TinyModel::new(GgmlDType::F32), 1, &[1]);
}

#[test]
fn a_prompt_in_chunks_and_then_token_by_token() {
    check(&TinyModel::new(GgmlDType::F32), 30, &[13, 9, 1, 1, 1, 1, 4]);
}

#[test]
fn quantised_weights_mean_what_they_are_dequantised_to() {
    for stored in [GgmlDType::Q8_0, GgmlDType::Q5_1, GgmlDType::Q5_0, GgmlDType::Q4_1, GgmlDType::Q4_0] {
        check_rounded(&TinyModel::new(stored));
    }
    check(&TinyModel::new(GgmlDType::F16), 20, &[20]);
    // Where there are products of bfloat16, these activations are rounded too.
    if Level::best().dots_bf16() {
        check_rounded(&TinyModel::new(GgmlDType::BF16));
    } else {
        check(&TinyModel::new(GgmlDType::BF16), 20, &[20]);
    }
}

#[test]
fn a_head_of_its_own_is_not_the_embedding() {
    check(&TinyModel::new(GgmlDType::F32).with_matrix("output.weight", VOCABULARY, HIDDEN), 12, &[12]);
}

#[test]
fn rotary_factors_stretch_the_slow_frequencies() {
    check(&TinyModel::new(GgmlDType::F32).with_rope_factors(&[1.0, 1.5, 4.0, 8.0]), 25, &[20, 5]);
}

#[test]
fn requests_in_one_pass_have_their_own_lengths_and_positions() {
    let model = TinyModel::new(GgmlDType::F32);
    let texts = [text(9), text(21)[4..].to_vec(), text(3)];
    let engine = &mut load(&model).unwrap();
    engine.executor.reserve(Extent { rows: 3, capacity: 32, tokens: 96, positions: 40 }).unwrap();
    // Everything but the last two tokens of each request, then one token of each at a time.
    let mut last = Vec::new();
    for (start, end) in [(None, 2), (Some(2), 1), (Some(1), 0)] {
        let piece = |text: &'_ [u32]| start.map_or(0, |start| text.len() - start)..text.len() - end;
        let segments: Vec<_> = texts.iter().enumerate().map(|(row, text)| Segment { row, tokens: &text[piece(text)] }).collect();
        last = pass(engine, &segments);
    }
    let expected: Vec<_> = texts.iter().map(|text| reference::logits(&model, text).pop().unwrap()).collect();
    check_close(&last, &expected);
}

#[test]
fn log_probabilities_of_a_text_longer_than_a_chunk() {
    let model = TinyModel::new(GgmlDType::F32);
    let tokens = text(u32::try_from(PREFILL_CHUNK).unwrap() + 70);
    let got = load(&model).unwrap().token_log_probabilities(&tokens).unwrap();
    let logits = reference::logits(&model, &tokens);
    assert_eq!(got.len(), tokens.len() - 1);
    for ((got, logits), &target) in got.iter().zip(&logits).zip(&tokens[1..]) {
        let expected = log_probability(logits, target);
        assert!((got - expected).abs() < 1e-3, "{got} instead of {expected}");
    }
}

#[test]
fn a_text_without_a_second_token_has_no_log_probability() {
    let mut engine = load(&TinyModel::new(GgmlDType::F32)).unwrap();
    assert!(engine.token_log_probabilities(&[]).unwrap().is_empty());
    assert!(engine.token_log_probabilities(&[65]).unwrap().is_empty());
    assert!(engine.token_log_probabilities(&[65, 9999]).is_err());
    assert!(engine.token_log_probabilities(&vec![65; 3000]).is_err());
}
