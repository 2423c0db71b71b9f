//! Adapters against PEFT, which computes their products on a path of their own: `tests/fixtures/adapters`.

use super::families::{Fixture, On, TOLERANCE};
use super::tiny_model::TinyModel;
use super::{load_changed, on_processor};
use crate::digest::hexadecimal;
use crate::inference::candle::{CandleEngine, EngineError};
use crate::inference::checkpoint::{Adapter, Changes, CheckpointError, Quantiser};
use crate::model::AdapterFiles;
use candle_core::quantized::GgmlDType;
use lem_domain::protocol::InferenceEngine;
use lem_domain::spec::{LoadQuantization, WeightsSpec};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const ADAPTERS: [&str; 3] = ["llama", "gpt2", "gpt_neox"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/adapters").join(name)
}

fn adapter(name: &str) -> Adapter {
    let [config, weights] = ["adapter_config.json", "adapter_model.safetensors"].map(|file| folder(name).join(file));
    Adapter::open(&AdapterFiles { config, weights, revision: None }).unwrap()
}

/// The checkpoint that an adapter of the same name was made for, with what PEFT answers.
fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::of(name);
    fixture.expected = std::fs::read(folder(name).join("expected.safetensors")).unwrap();
    fixture
}

#[test]
fn merged_matrices_give_the_logits_of_peft() {
    for name in ADAPTERS {
        let (fixture, adapter) = (fixture(name), adapter(name));
        let changes = Changes { adapter: Some(&adapter), threads: 2, ..Changes::default() };
        for on in On::both() {
            let got = fixture.changed(on, &fixture.checkpoint(), changes).0.prompts(&fixture);
            fixture.check(&format!("merged on {on:?}"), &got, &fixture.logits("prompt_logits"), TOLERANCE);
        }
    }
}

#[test]
fn an_adapter_is_merged_before_matrices_are_quantised() {
    for name in ADAPTERS {
        let (fixture, adapter) = (fixture(name), adapter(name));
        let changes = Changes {
            adapter: Some(&adapter),
            quantiser: Some(Quantiser { asked: LoadQuantization::EightBit }),
            threads: 2,
            ..Changes::default()
        };
        for on in On::both() {
            let (mut model, quantised) = fixture.changed(on, &fixture.checkpoint(), changes);
            assert!(quantised > 0);
            let error = fixture.relative_error(&model.prompts(&fixture));
            assert!(error > 1e-4 && error < 0.1, "{name} on {on:?}: {error} of the logits");
        }
    }
}

#[test]
fn an_adapter_of_another_model_is_refused_by_the_part_that_is_not_there() {
    let refusal = |model: &str, name: &str| {
        let adapter = adapter(name);
        let changes = Changes { adapter: Some(&adapter), ..Changes::default() };
        let fixture = Fixture::of(model);
        fixture.try_changed(On::processor(), &fixture.checkpoint(), changes).err().unwrap()
    };
    // Its head is the embedding, so adding to one would change the other.
    assert_eq!(refusal("llama_tied", "llama").to_string(), "target `lm_head` of the adapter is no matrix of the model");
    assert_eq!(refusal("llama", "gpt2").to_string(), "target `transformer.h.0.attn.c_attn` of the adapter is no matrix of the model");
    // As wide in name only: heads of 16 instead of 8.
    let error = refusal("mistral", "llama");
    assert!(matches!(error, CheckpointError::Adapter { .. }) && error.to_string().contains("instead of"), "{error}");
}

fn merged(reference: &Path) -> WeightsSpec {
    WeightsSpec { adapter: Some(reference.to_str().unwrap().to_owned()), ..WeightsSpec::default() }
}

#[test]
fn the_record_names_the_adapter_by_its_digests() {
    let model = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(Fixture::of("llama").folder.join(file), model.path().join(file)).unwrap();
    }
    let vocabulary: serde_json::Map<_, _> = (0..96).map(|token| (format!("t{token}"), token.into())).collect();
    let tokenizer = serde_json::json!({ "version": "1.0", "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "t0" } });
    std::fs::write(model.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();

    let adapter = folder("llama");
    let engine = CandleEngine::load_as(model.path().to_str().unwrap(), &merged(&adapter), &on_processor()).unwrap();
    let digest = |file: &str| hexadecimal(Sha256::new().chain_update(std::fs::read(adapter.join(file)).unwrap()));
    let facts = engine.model().adapter.clone().unwrap();
    assert_eq!(facts.reference, adapter.to_str().unwrap());
    assert_eq!(facts.weights_sha256, digest("adapter_model.safetensors"));
    assert_eq!(facts.config_sha256, digest("adapter_config.json"));
    // Five of each of two blocks, and the head.
    assert_eq!((facts.matrices, facts.revision), (11, None));

    let missing = CandleEngine::load_as(model.path().to_str().unwrap(), &merged(model.path()), &on_processor()).unwrap_err();
    assert!(matches!(missing, EngineError::Reference { .. }), "{missing}");
}

#[test]
fn a_gguf_file_takes_no_adapter() {
    let error = load_changed(&TinyModel::new(GgmlDType::F32).to_bytes(), &merged(&folder("llama"))).unwrap_err();
    assert!(matches!(error, EngineError::AdapterOnGguf), "{error}");
}
