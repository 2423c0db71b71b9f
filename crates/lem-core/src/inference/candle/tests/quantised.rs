//! Weights that are quantised while they are loaded.

use super::reference::{self, log_probability};
use super::tiny_model::TinyModel;
use super::{CandleEngine, EngineError, load, load_bytes, load_changed};
use candle_core::quantized::GgmlDType;
use lem_domain::protocol::{Fault, InferenceEngine, SeamError};
use lem_domain::spec::{LoadQuantization, Precision, WeightsSpec};

fn to(asked: LoadQuantization) -> WeightsSpec {
    WeightsSpec { quantization: Some(asked), ..WeightsSpec::default() }
}

/// How far log-probabilities are from those of the exact model, in the mean.
fn error(engine: &mut CandleEngine, exact: &TinyModel) -> f64 {
    let tokens: Vec<u32> = (0u32..60).map(|step| (step * step * 31 + step * 7 + 65) % 256).collect();
    let got = engine.token_log_probabilities(&tokens).unwrap();
    let logits = reference::logits(exact, &tokens);
    let expected = logits.iter().zip(&tokens[1..]).map(|(logits, &target)| log_probability(logits, target));
    assert_eq!(got.len(), 59);
    got.iter().zip(expected).map(|(got, expected)| (got - expected).abs()).sum::<f64>() / 59.0
}

#[test]
fn a_gguf_file_of_any_floating_point_type_comes_as_near_as_one_that_candle_quantised() {
    let exact = TinyModel::new(GgmlDType::F32);
    let by_candle = error(&mut load(&TinyModel::new(GgmlDType::Q8_0)).unwrap(), &exact);
    for kind in [GgmlDType::F32, GgmlDType::F16, GgmlDType::BF16] {
        let mut engine = load_changed(&TinyModel::new(kind).to_bytes(), &to(LoadQuantization::EightBit)).unwrap();
        assert_eq!(engine.model().weight_types, "Q8_0 ×15, F32 ×5");
        assert!(engine.engine().kernel.ends_with("int8 dot products with Q8_0 weights"), "{}", engine.engine().kernel);
        let error = error(&mut engine, &exact);
        assert!(error > 0.1 * by_candle && error < 1.5 * by_candle, "{error} off, where candle's is {by_candle}");
    }
}

#[test]
fn the_record_says_what_was_quantised_and_what_was_not() {
    let bytes = TinyModel::new(GgmlDType::BF16).with_matrix("output.weight", 257, 32).to_bytes();
    let facts = |asked| load_changed(&bytes, &to(asked)).unwrap().model().clone();
    let eight = facts(LoadQuantization::EightBit);
    let table = "BF16 (rows are looked up, not multiplied): token_embd.weight";
    assert_eq!(eight.weight_types, "Q8_0 ×15, F32 ×5, BF16 ×1");
    let quantization = eight.quantization.unwrap();
    assert_eq!((quantization.asked, quantization.stored_types.as_str()), (LoadQuantization::EightBit, "BF16 ×15, F32 ×6"));
    assert_eq!(quantization.exceptions, [table]);

    let four = facts(LoadQuantization::FourBit).quantization.unwrap();
    let narrow = "blk.*.attn_k.weight ×2, blk.*.attn_output.weight ×2, blk.*.attn_q.weight ×2, blk.*.attn_v.weight ×2, \
                  blk.*.ffn_gate.weight ×2, blk.*.ffn_up.weight ×2";
    let expected = [
        table.to_owned(),
        "Q8_0 (logits are more sensitive than the rest): output.weight".to_owned(),
        format!("Q8_0 (rows of 32 are no whole blocks of 256): {narrow}"),
        "Q8_0 (rows of 64 are no whole blocks of 256): blk.*.ffn_down.weight ×2".to_owned(),
    ];
    assert_eq!(four.exceptions, expected);
    assert_eq!(load_bytes(&bytes).unwrap().model().quantization, None);
}

#[test]
fn weights_in_blocks_are_not_rounded_a_second_time() {
    let bytes = TinyModel::new(GgmlDType::Q4_1).to_bytes();
    let error = load_changed(&bytes, &to(LoadQuantization::EightBit)).unwrap_err();
    assert!(matches!(&error, EngineError::QuantisedAlready { types, .. } if types == "Q4_1 ×15, F32 ×5"), "{error}");
    let error = SeamError::from(error);
    assert_eq!(error.to_string(), "the weights are quantised already (Q4_1 ×15, F32 ×5), so they cannot be quantised to 8bit at load");
    assert_eq!(error.fault, Fault::Usage);
}

fn in_precision(precision: Precision) -> WeightsSpec {
    WeightsSpec { precision, ..WeightsSpec::default() }
}

#[test]
fn weights_are_held_in_the_precision_that_is_asked_for() {
    let exact = TinyModel::new(GgmlDType::F32);
    let load = |kind, precision| load_changed(&TinyModel::new(kind).to_bytes(), &in_precision(precision)).unwrap();
    // What is stored exactly stays so in a wider type.
    let widened = load(GgmlDType::BF16, Precision::F32);
    assert_eq!((widened.model().weight_types.as_str(), &widened.model().quantization), ("F32 ×20", &None));
    assert!(widened.engine().kernel.ends_with("f32 multiply-add with F32 weights"), "{}", widened.engine().kernel);
    let stored = error(&mut load_bytes(&TinyModel::new(GgmlDType::F32).to_bytes()).unwrap(), &exact);
    let [half, brain] = [Precision::F16, Precision::Bf16].map(|precision| error(&mut load(GgmlDType::F32, precision), &exact));
    assert_eq!(load(GgmlDType::F32, Precision::F16).model().weight_types, "F16 ×15, F32 ×5");
    assert_eq!(load(GgmlDType::F32, Precision::Bf16).model().weight_types, "BF16 ×15, F32 ×5");
    assert!(stored < half && half < brain, "ten bits of fraction are more exact than seven: {stored}, {half}, {brain}");
    // `auto` and the type of the file itself change nothing.
    assert_eq!(load(GgmlDType::F16, Precision::Auto).model().weight_types, "F16 ×15, F32 ×5");
    assert_eq!(load(GgmlDType::F16, Precision::F16).model().weight_types, "F16 ×15, F32 ×5");
}

#[test]
fn a_precision_of_weights_in_blocks_is_refused() {
    let refused = load_changed(&TinyModel::new(GgmlDType::Q8_0).to_bytes(), &in_precision(Precision::F16)).err().unwrap();
    let seam = SeamError::from(refused);
    assert_eq!(seam.fault, Fault::Usage);
    assert_eq!(seam.what, "the weights are quantised (Q8_0 ×15, F32 ×5), so they cannot be held in float16");
    assert!(seam.hint.unwrap().contains("fp_precision"));
}
