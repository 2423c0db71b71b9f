//! The tensor path on candle's CPU device, held to the same references as the processor's decoder.

use super::families::{BF16_TOLERANCE, On, ROWS, Rounded, TOLERANCE, check_run, fixtures};
use super::tiny_model::{HEAD_DIM, HEADS, LAYERS, TinyModel};
use super::{load_bytes, prompts, run, spec};
use crate::inference::candle::CandleEngine;
use crate::inference::candle::target::Target;
use crate::inference::executor::Segment;
use crate::inference::numbers::wide;
use candle_core::quantized::GgmlDType;
use candle_core::{DType, Device};
use lem_domain::protocol::InferenceEngine;
use lem_domain::spec::{LoadQuantization, WeightsSpec};

const F32: On = On::Tensors(DType::F32);

/// The engine on candle's CPU device.
pub(super) fn load(model: &TinyModel) -> CandleEngine {
    load_changed(model, &WeightsSpec::default())
}

fn load_changed(model: &TinyModel, weights: &WeightsSpec) -> CandleEngine {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, model.to_bytes()).unwrap();
    CandleEngine::open(path.to_str().unwrap(), weights, Target::Device(Device::Cpu)).unwrap()
}

#[test]
fn ragged_prompts_and_32_steps_give_the_logits_of_transformers() {
    for fixture in fixtures() {
        check_run(&fixture, "tensors", fixture.model(F32, &fixture.checkpoint()));
    }
}

#[test]
fn pieces_of_a_prompt_give_what_the_whole_gives_whichever_rows_run_beside_it() {
    for fixture in fixtures() {
        let expected = fixture.logits("prompt_logits");
        let mut model = fixture.model(F32, &fixture.checkpoint());
        // The longest prompt, whose logits are the last ones of the batch, beside others that are less far.
        let prompt = &fixture.prompts[ROWS - 1];
        let beside = &fixture.prompts[0][..1];
        let mut got = model.run(&[Segment { row: 2, tokens: &prompt[..5] }]);
        for piece in [&prompt[5..6], &prompt[6..7]] {
            let segments = [(1, piece), (2, piece), (0, beside)].map(|(row, tokens)| Segment { row, tokens });
            got.push(model.run(&segments).swap_remove(1));
        }
        got.extend(model.run(&[Segment { row: 2, tokens: &prompt[7..] }]));
        fixture.check("in pieces", &got, &expected[expected.len() - prompt.len()..], TOLERANCE);
    }
}

#[test]
fn bfloat16_weights_give_the_logits_of_the_rounded_model() {
    for fixture in fixtures() {
        let checkpoint = fixture.checkpoint();
        let got = fixture.model(F32, &Rounded::new(&checkpoint)).prompts(&fixture);
        fixture.check("rounded weights", &got, &fixture.logits("prompt_logits_bf16"), BF16_TOLERANCE);
    }
}

/// What a GPU computes in. Rounding every activation costs a model this narrow more than its weights' rounding does, and
/// where tokens are routed, another expert may be chosen on a near tie: with eight bits such logits need only be there.
#[test]
fn arithmetic_in_half_precision_stays_near_that_in_single() {
    for (precision, tolerance) in [(DType::F16, 2e-2), (DType::BF16, 1e-1)] {
        for fixture in fixtures() {
            let mut model = fixture.model(On::Tensors(precision), &fixture.checkpoint());
            let got = model.prompts(&fixture);
            if precision == DType::BF16 && model.routes() {
                assert!(got.iter().flatten().all(|logit| logit.is_finite()));
            } else {
                fixture.check(precision.as_str(), &got, &fixture.logits("prompt_logits"), tolerance);
            }
        }
    }
}

#[test]
fn a_run_gives_the_tokens_and_counts_of_the_processor_less_what_fills_tiles_up() {
    let model = TinyModel::new(GgmlDType::F32);
    let texts = prompts(&["some words", "a", "another prompt that is longer"]);
    let spec = spec(32, 6, 3);
    let [on_processor, on_tensors] = [load_bytes(&model.to_bytes()).unwrap(), load(&model)].map(|mut engine| {
        let workload = engine.prepare(&texts, &spec).unwrap();
        engine.synchronize().unwrap();
        run(&mut engine, &workload, &spec).0
    });
    assert_eq!(on_processor.tokens, on_tensors.tokens);
    assert_eq!(on_processor.padding, on_tensors.padding);
    let [counted, expected] = [on_tensors.executed.unwrap(), on_processor.executed.unwrap()];
    // 257 tokens of the vocabulary fill seventeen tiles of sixteen; every other matrix is whole tiles.
    assert_eq!(counted.linear, expected.linear);
    assert_eq!(counted.lm_head.get() * 272, expected.lm_head.get() * 257);
}

#[test]
fn attention_counts_what_the_products_span() {
    let mut engine = load(&TinyModel::new(GgmlDType::F32));
    let of_products = |rows: usize, queries: usize, keys: usize| {
        // Scores and mixing, a multiply-add being 2.
        wide(2 * 2 * LAYERS * HEADS * HEAD_DIM * rows * queries * keys)
    };
    // Prompts of 10 and 3 tokens run apart; six more steps run together, against the keys of the longer one.
    let spec = spec(32, 7, 2);
    let workload = engine.prepare(&prompts(&["ten tokens", "abc"]), &spec).unwrap();
    let executed = run(&mut engine, &workload, &spec).0.executed.unwrap();
    let steps: u64 = (11..=16).map(|keys| of_products(2, 1, keys)).sum();
    assert_eq!(executed.attention.get(), u128::from(of_products(1, 10, 10) + of_products(1, 3, 3) + steps));
}

#[test]
fn weights_in_blocks_stay_in_blocks_and_are_near_the_processors() {
    let model = TinyModel::new(GgmlDType::Q8_0);
    let tokens: Vec<u32> = (0..40).map(|step| (step * 37 + 11) % 256).collect();
    let mut on_tensors = load(&model);
    let got = on_tensors.token_log_probabilities(&tokens).unwrap();
    let expected = load_bytes(&model.to_bytes()).unwrap().token_log_probabilities(&tokens).unwrap();
    let mean = |of: &[f64]| of.iter().sum::<f64>() / 39.0;
    // Both round activations to eight bits, in blocks of their own.
    assert!((mean(&got) - mean(&expected)).abs() < 0.02 * mean(&expected).abs(), "{} and {}", mean(&got), mean(&expected));
    assert_eq!(on_tensors.engine().device, "cpu");
    assert_eq!(on_tensors.engine().kernel, "candle: int8 dot products with Q8_0 weights");
    let bytes = on_tensors.memory().model.unwrap().get();
    let in_f32 = load(&TinyModel::new(GgmlDType::F32)).memory().model.unwrap().get();
    assert!(bytes * 3 < in_f32, "{bytes} bytes in blocks, {in_f32} in f32");
}

#[test]
fn weights_that_are_quantised_at_load_run_in_blocks_whatever_they_were_stored_in() {
    let model = TinyModel::new(GgmlDType::BF16);
    let weights = WeightsSpec { quantization: Some(LoadQuantization::EightBit), ..WeightsSpec::default() };
    let engine = load_changed(&model, &weights);
    assert_eq!(engine.engine().kernel, "candle: int8 dot products with Q8_0 weights");
    assert_eq!(engine.model().weight_types, "Q8_0 ×15, F32 ×5");
    let [quantised, stored] = [engine, load(&TinyModel::new(GgmlDType::Q8_0))].map(|engine| engine.memory().model.unwrap().get());
    assert_eq!(quantised, stored);
}
