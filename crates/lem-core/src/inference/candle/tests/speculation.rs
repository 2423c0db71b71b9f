//! Speculative decoding: the same tokens in fewer passes.

use super::tiny_model::{HIDDEN, TinyModel, VOCABULARY};
use super::{load, on_processor, prompts, spec, tensors};
use crate::inference::candle::CandleEngine;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lem_domain::clock::HostClock;
use lem_domain::protocol::{InferenceEngine, Interrupt, RunControl, RunOutput, Silent};
use lem_domain::spec::{
    BatchingSpec, BatchingStrategy, CandleSpec, ExperimentSpec, SamplingSpec, SpeculationMethod, SpeculationSpec, TokenChoice,
};
use lem_domain::token::{EventBuffer, SpeculationCounts, TokenEventKind};

const TEXTS: [&str; 4] = ["to be or not to be or not to be", "x", "a somewhat longer prompt than the others", "aaaaaaaaaaaaaaaa"];
const OUTPUT: u32 = 24;
/// With which a model has the letters of the prompts, and not all that the other one writes.
const HALF_OF_THE_BYTES: usize = 128;

/// Runs four requests, two at once, and gives the sizes of their token events too.
fn generate(
    engine: &mut CandleEngine,
    sampling: SamplingSpec,
    strategy: BatchingStrategy,
    method: Option<SpeculationMethod>,
) -> (RunOutput, Vec<u32>) {
    let speculation = method.map(|method| SpeculationSpec { method, tokens: 4 });
    let spec = ExperimentSpec {
        sampling,
        batching: BatchingSpec { size: 2, strategy, max_tokens: None },
        candle: CandleSpec { speculation, ..on_processor() },
        ..spec(64, OUTPUT, 2)
    };
    let workload = engine.prepare(&prompts(&TEXTS), &spec).unwrap();
    let mut events = EventBuffer::for_plan(4, 24);
    let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
    let output = engine.run(&workload, &spec, &mut events, control).unwrap();
    let counts = events.into_events().into_iter();
    (output, counts.filter_map(|event| if let TokenEventKind::Tokens { count } = event.kind { Some(count) } else { None }).collect())
}

fn samplings() -> [SamplingSpec; 3] {
    let random = TokenChoice::Random { temperature: 0.7, top_k: Some(8), top_p: 0.9, min_p: 0.0 };
    [
        SamplingSpec::GREEDY,
        SamplingSpec { choice: random, ..SamplingSpec::GREEDY },
        SamplingSpec { choice: random, repetition_penalty: 1.2, ..SamplingSpec::GREEDY },
    ]
}

fn check(engine: &mut CandleEngine, method: &SpeculationMethod) -> Vec<SpeculationCounts> {
    let mut all = Vec::new();
    for strategy in [BatchingStrategy::Static, BatchingStrategy::Continuous] {
        for sampling in samplings() {
            let (plain, _) = generate(engine, sampling.clone(), strategy, None);
            let (guessed, sizes) = generate(engine, sampling, strategy, Some(method.clone()));
            assert_eq!(guessed.tokens, plain.tokens, "{method:?}, {strategy:?}: guesses change no token");
            assert_eq!(guessed.finish, plain.finish);
            assert_eq!(plain.speculation, None);
            let counts = guessed.speculation.unwrap();
            assert!(counts.accepted <= counts.drafted && counts.drafted <= 4 * counts.verified, "{counts:?}");
            // Events of several tokens are those that guesses were accepted in.
            let beyond: u32 = sizes.iter().map(|count| count - 1).sum();
            assert_eq!(u64::from(beyond), counts.accepted);
            assert_eq!(sizes.iter().sum::<u32>(), 4 * OUTPUT);
            all.push(counts);
        }
    }
    all
}

/// On the processor and on tensors.
fn engines() -> [CandleEngine; 2] {
    let model = TinyModel::new(GgmlDType::F32);
    [load(&model).unwrap(), tensors::load(&model)]
}

#[test]
fn guesses_from_the_text_change_no_token_and_save_passes() {
    for mut engine in engines() {
        let counts = check(&mut engine, &SpeculationMethod::PromptLookup { ngram: 3 });
        assert!(counts[0].accepted > 0, "a greedy tiny model repeats itself: {counts:?}");
    }
}

/// A folder with a model in two types of weights: one guesses well for the other.
fn pair(draft: &TinyModel) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft.gguf");
    std::fs::write(&path, draft.to_bytes()).unwrap();
    let reference = path.to_str().unwrap().to_owned();
    (folder, reference)
}

#[test]
fn guesses_of_a_smaller_model_change_no_token_and_most_of_a_twins_are_right() {
    let (_folder, reference) = pair(&TinyModel::new(GgmlDType::F32));
    for engine in engines() {
        let mut engine = engine.with_draft(&reference).unwrap();
        let twin = check(&mut engine, &SpeculationMethod::DraftModel(reference.clone()));
        assert_eq!(twin[0].accepted, twin[0].drafted, "a twin guesses what the model chooses");
        assert!(engine.draft().is_some());
    }

    let (_folder, reference) = pair(&TinyModel::new(GgmlDType::Q4_0));
    let mut engine = load(&TinyModel::new(GgmlDType::F32)).unwrap().with_draft(&reference).unwrap();
    let rough = check(&mut engine, &SpeculationMethod::DraftModel(reference));
    assert!(rough[0].accepted > 0 && rough[0].accepted < rough[0].drafted, "{rough:?}");
}

#[test]
fn what_a_draft_model_computes_is_counted() {
    let (_folder, reference) = pair(&TinyModel::new(GgmlDType::F32));
    let mut engine = load(&TinyModel::new(GgmlDType::F32)).unwrap().with_draft(&reference).unwrap();
    let executed = |engine: &mut CandleEngine, method| {
        generate(engine, SamplingSpec::GREEDY, BatchingStrategy::Static, method).0.executed.unwrap().total().get()
    };
    let plain = executed(&mut engine, None);
    let guessed = executed(&mut engine, Some(SpeculationMethod::DraftModel(reference)));
    assert!(guessed > 2 * plain * 9 / 10, "a twin computes everything a second time: {guessed}, {plain}");
}

#[test]
fn a_draft_model_must_have_the_same_tokens() {
    let (_folder, reference) = pair(&TinyModel::new(GgmlDType::F32).with("tokenizer.ggml.eos_token_id", Value::U32(7)));
    let error = load(&TinyModel::new(GgmlDType::F32)).unwrap().with_draft(&reference).unwrap_err();
    assert!(error.to_string().contains("another tokenizer"), "{error}");
}

#[test]
fn rows_of_the_two_models_may_differ_in_length() {
    for rows in [HALF_OF_THE_BYTES, VOCABULARY + 43] {
        let other = TinyModel::new(GgmlDType::F32).without("token_embd.weight").with_matrix("token_embd.weight", rows, HIDDEN);
        let (_folder, reference) = pair(&other);
        for engine in engines() {
            let mut engine = engine.with_draft(&reference).unwrap();
            let counts = check(&mut engine, &SpeculationMethod::DraftModel(reference.clone()));
            assert!(counts.iter().any(|counts| counts.drafted > 0), "{rows} rows: {counts:?}");
        }
    }
}

#[test]
fn a_draft_model_with_a_shorter_context_bounds_the_request() {
    let (_folder, reference) = pair(&TinyModel::new(GgmlDType::F32).with("llama.context_length", Value::U32(64)));
    let mut engine = load(&TinyModel::new(GgmlDType::F32)).unwrap().with_draft(&reference).unwrap();
    let method = SpeculationMethod::DraftModel(reference);
    let candle = |speculation| CandleSpec { speculation, ..on_processor() };
    let guessing = ExperimentSpec { candle: candle(Some(SpeculationSpec { method, tokens: 4 })), ..spec(60, 5, 1) };
    let error = engine.prepare(&prompts(&TEXTS), &guessing).unwrap_err();
    assert!(error.what.contains("context of 64"), "{error}");
    assert!(engine.prepare(&prompts(&TEXTS), &ExperimentSpec { candle: candle(None), ..guessing }).is_ok());
}

#[test]
fn probabilities_of_tokens_are_kept_where_they_are_asked_for() {
    let mut engine = load(&TinyModel::new(GgmlDType::F32)).unwrap();
    let penalised = SamplingSpec { repetition_penalty: 1.4, ..SamplingSpec::GREEDY };
    let (plain, _) = generate(&mut engine, penalised.clone(), BatchingStrategy::Static, None);
    assert_eq!(plain.log_probabilities, None);
    let asked = SamplingSpec { logprobs: Some(2), ..penalised };
    for method in [None, Some(SpeculationMethod::PromptLookup { ngram: 3 })] {
        let (output, _) = generate(&mut engine, asked.clone(), BatchingStrategy::Continuous, method);
        assert_eq!(output.tokens, plain.tokens);
        for (request, text) in TEXTS.iter().enumerate() {
            let kept = &output.log_probabilities.as_ref().unwrap()[request];
            assert_eq!(kept.iter().map(|token| token.token).collect::<Vec<_>>(), output.tokens[request]);
            let prompt = engine.tokenizer().encode(text).unwrap();
            let whole = [prompt.as_slice(), &output.tokens[request]].concat();
            // Another way to the same figures: the whole text in one pass.
            let told = engine.token_log_probabilities(&whole).unwrap();
            for (kept, told) in kept.iter().zip(&told[prompt.len() - 1..]) {
                assert!((kept.log_probability - told).abs() < 1e-4, "{kept:?}, {told}");
                assert_eq!(kept.alternatives.len(), 2);
                assert!(kept.alternatives[0].1 >= kept.log_probability);
            }
        }
    }
}
