//! What is prepared before the window, and what is refused.

use super::tiny_model::TinyModel;
use super::{load, prompts, run, spec};
use crate::inference::candle::{CandleEngine, CandleLoader, EngineError};
use candle_core::quantized::GgmlDType;
use lem_domain::protocol::{Fault, InferenceEngine, ModelLoader, SeamError, Silent};
use lem_domain::spec::{BatchingStrategy, CandleSpec, DeviceChoice, ExperimentSpec, TokenLimits, WeightsSpec};
use lem_domain::token::EventBuffer;

fn tiny() -> CandleEngine {
    load(&TinyModel::new(GgmlDType::F32)).unwrap()
}

fn check_refused(texts: &[&str], edit: impl Fn(&mut TokenLimits), message: &str) {
    let mut spec = spec(32, 4, 1);
    edit(&mut spec.limits);
    let error = tiny().prepare(&prompts(texts), &spec).unwrap_err();
    assert_eq!(error.fault, Fault::Usage);
    assert!(error.what.contains(message), "{}", error.what);
    assert!(error.hint.is_some());
}

#[test]
fn requests_that_cannot_run_are_refused() {
    check_refused(
        &["a"],
        |limits| limits.max_input = 2045,
        "2049 tokens per request (input and output) exceed the model's context of 2048",
    );
    check_refused(&["a"], |limits| limits.max_output = u32::MAX, "exceed the model's context of 2048");
    check_refused(&["a"], |limits| limits.max_output = 0, "output limit is 0");
    check_refused(&["a", ""], |_| (), "prompt `p1` has no tokens");
}

#[test]
fn a_context_filled_to_the_last_token_runs() {
    let mut engine = tiny();
    let spec = spec(2040, 8, 1);
    let workload = engine.prepare(&prompts(&[&"x".repeat(3000)]), &spec).unwrap();
    assert_eq!(workload.requests[0].tokens.len(), 2040);
    assert_eq!(run(&mut engine, &workload, &spec).0.tokens[0].len(), 8);
}

#[test]
fn a_prompt_is_cut_to_its_first_tokens_and_says_so() {
    let workload = tiny().prepare(&prompts(&["abcdef", "abcd"]), &spec(4, 4, 2)).unwrap();
    assert_eq!(workload.requests[0].truncated_from, Some(6));
    assert_eq!(workload.requests[1].truncated_from, None);
    assert_eq!(workload.requests[0].tokens, workload.requests[1].tokens);
}

#[test]
fn sorting_keeps_prompts_and_their_names_together() {
    let mut spec = spec(32, 4, 2);
    spec.batching.strategy = BatchingStrategy::SortedStatic;
    let texts = ["cccc", "a", "bb"];
    let workload = tiny().prepare(&prompts(&texts), &spec).unwrap();
    assert_eq!(workload.batches, [0..2, 2..3]);
    let mut lengths: Vec<_> = workload.requests.iter().map(|request| request.tokens.len()).collect();
    assert!(lengths.is_sorted() || lengths.iter().rev().is_sorted(), "{lengths:?}");
    lengths.sort_unstable();
    assert_eq!(lengths, [1, 2, 4]);
    for request in &workload.requests {
        let text = texts[request.prompt_id[1..].parse::<usize>().unwrap()];
        assert_eq!(request.tokens.len(), text.len());
    }
}

#[test]
fn a_workload_of_another_engine_is_refused() {
    let spec = spec(32, 4, 1);
    let workload = tiny().prepare(&prompts(&["abc"]), &spec).unwrap();
    let mut events = EventBuffer::for_plan(1, 4);
    let control = lem_domain::protocol::RunControl {
        clock: &lem_domain::HostClock,
        interrupt: &lem_domain::protocol::Interrupt::new(),
        progress: &Silent,
    };
    let error = tiny().run(&workload, &spec, &mut events, control).unwrap_err();
    assert!(error.what.contains("not prepared"), "{}", error.what);
}

#[test]
fn threads_that_would_wait_for_a_processor_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, TinyModel::new(GgmlDType::F32).to_bytes()).unwrap();
    let load = |threads| CandleEngine::load(path.to_str().unwrap(), threads);

    let limit = std::thread::available_parallelism().unwrap().get();
    let error = load(Some(1000)).unwrap_err();
    assert!(matches!(error, EngineError::Threads { asked: 1000, limit: found } if found == limit));
    let error = SeamError::from(error);
    assert_eq!(error.fault, Fault::Usage);
    assert!(error.hint.unwrap().contains(&format!("at most {limit} threads")));

    assert_eq!(load(Some(1)).unwrap().engine().threads, Some(1));
    assert!(load(None).unwrap().engine().threads.is_some_and(|threads| threads >= 1 && usize::try_from(threads).unwrap() <= limit));
}

#[test]
fn a_gpu_is_asked_for_where_there_is_one_and_without_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, TinyModel::new(GgmlDType::F32).to_bytes()).unwrap();
    let load = |device, threads| {
        let candle = CandleSpec { device, threads, ..CandleSpec::default() };
        CandleEngine::load_as(path.to_str().unwrap(), &WeightsSpec::default(), &candle)
    };

    let error = load(DeviceChoice::Cuda(0), Some(1)).unwrap_err();
    assert!(matches!(error, EngineError::ThreadsOnGpu { .. }), "{error}");
    // Whatever this machine has: a number of threads is one of the processor's.
    assert_eq!(load(DeviceChoice::Auto, Some(1)).unwrap().engine().device, "cpu");
    if cfg!(not(feature = "cuda")) {
        let error = SeamError::from(load(DeviceChoice::Cuda(1), None).unwrap_err());
        assert_eq!((error.fault, error.what.as_str()), (Fault::Usage, "this program was built without CUDA"));
        assert!(error.hint.unwrap().contains("cargo xtask build-cuda"));
        assert_eq!(load(DeviceChoice::Auto, None).unwrap().engine().device, "cpu");
    }
}

#[test]
fn facts_name_what_ran() {
    let engine = load(&TinyModel::new(GgmlDType::Q8_0)).unwrap();
    let (facts, model) = (engine.engine(), engine.model());
    let level = crate::inference::cpu::Level::best().name();
    assert_eq!(facts.kernel, format!("{level}: int8 dot products with Q8_0 weights"));
    assert_eq!(facts.device, "cpu");
    assert_eq!(tiny().engine().kernel, format!("{level}: f32 multiply-add with F32 weights"));
    assert_eq!(model.architecture, "llama");
    assert_eq!(model.name.as_deref(), Some("Tiny"));
    assert_eq!(model.weight_types, "Q8_0 ×15, F32 ×5");
    assert_eq!(model.weights_sha256.as_ref().map(String::len), Some(64));
    assert_eq!(model.tokenizer_sha256.as_deref(), Some(engine.tokenizer().digest()));
    assert_eq!(model.shape.unwrap().vocabulary, 257);
    assert_eq!(model.parameters, Some(257 * 32 + 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32 + 2 * 32)));
}

#[test]
fn the_loader_loads_what_a_spec_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.gguf"), TinyModel::new(GgmlDType::F32).to_bytes()).unwrap();
    let load = |model: &str| CandleLoader::new().load(&ExperimentSpec { model: model.to_owned(), ..spec(8, 4, 1) });
    let reference = folder.path().to_str().unwrap();
    assert_eq!(load(reference).ok().unwrap().model().reference, reference);
    assert_eq!(load(&format!("{reference}/other.gguf")).err().unwrap().fault, Fault::Usage);
}
