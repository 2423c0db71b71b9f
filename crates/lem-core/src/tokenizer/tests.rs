//! A small vocabulary, as a GGUF file would carry it.

use super::{Tokenizer, TokenizerError};
use candle_core::quantized::gguf_file::{self, Value};
use lem_domain::protocol::{Fault, SeamError};
use proptest::prelude::*;
use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

const WORDS: [&str; 4] = ["he", "ll", "Ġhe", "hell"];
const SPECIAL: [&str; 3] = ["<|start|>", "<|end|>", "<|turn|>"];
const ADDED: &str = "==";

/// Ids: the 256 bytes, then the words, the special tokens and an added one.
const HE: u32 = 256;
const LL: u32 = 257;
const SPACE_HE: u32 = 258;
const HELL: u32 = 259;
const START: u32 = 260;
const END: u32 = 261;
const TURN: u32 = 262;
const RULE: u32 = 263;
const SIZE: usize = 264;

pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::Array(texts.into_iter().map(|text| Value::String(text.to_owned())).collect())
}

fn metadata(pre: &str) -> HashMap<String, Value> {
    let mut alphabet: Vec<_> = ByteLevel::alphabet().into_iter().map(String::from).collect();
    alphabet.sort_unstable();
    let tokens = texts(alphabet.iter().map(String::as_str).chain(WORDS).chain(SPECIAL).chain([ADDED]));
    let mut types = vec![Value::I32(1); SIZE];
    types[260..263].fill(Value::I32(3));
    types[263] = Value::I32(4);
    let merges = texts(["h e", "l l", "Ġ he", "he ll"]);
    let entries = [
        ("general.architecture", Value::String("llama".to_owned())),
        ("tokenizer.ggml.model", Value::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre", Value::String(pre.to_owned())),
        ("tokenizer.ggml.tokens", tokens),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.merges", merges),
        ("tokenizer.ggml.bos_token_id", Value::U32(START)),
        ("tokenizer.ggml.eos_token_id", Value::U32(END)),
        ("tokenizer.ggml.eot_token_id", Value::U32(TURN)),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn with(key: &str, value: Value) -> HashMap<String, Value> {
    let mut metadata = metadata("smollm");
    metadata.insert(key.to_owned(), value);
    metadata
}

fn smollm() -> Tokenizer {
    Tokenizer::from_metadata(&metadata("smollm")).unwrap()
}

fn check(text: &str, expected: &[u32]) {
    assert_eq!(smollm().encode(text).unwrap(), expected, "{text:?}");
}

#[test]
fn merges_apply_by_rank_within_words() {
    check("", &[]);
    check("he", &[HE]);
    check("hell", &[HELL]);
    check("ll", &[LL]);
    // No space is put before the text, and the one inside belongs to the word after it.
    check("he he", &[HE, SPACE_HE]);
}

#[test]
fn special_and_added_tokens_are_matched_before_words() {
    check("<|start|>he<|end|>", &[START, HE, END]);
    check("he==he", &[HE, RULE, HE]);
    assert_ne!(smollm().encode("<|start").unwrap(), [START]);
}

#[test]
fn a_start_token_comes_only_when_asked_for() {
    let encode = |metadata: &HashMap<String, Value>| Tokenizer::from_metadata(metadata).unwrap().encode("he").unwrap();
    assert_eq!(encode(&metadata("smollm")), [HE]);
    assert_eq!(encode(&with("tokenizer.ggml.add_bos_token", Value::Bool(true))), [START, HE]);
    assert_eq!(encode(&with("tokenizer.ggml.add_bos_token", Value::Bool(false))), [HE]);
    // Llama 3's files leave the key out; llama.cpp takes it from the rules' name.
    assert_eq!(encode(&metadata("llama-bpe")), [START, HE]);
}

#[test]
fn ends_are_those_that_the_metadata_name() {
    let tokenizer = smollm();
    let ends: Vec<_> = (0..264).filter(|&id| tokenizer.is_end(id)).collect();
    assert_eq!(ends, [END, TURN]);
    assert_eq!(tokenizer.vocabulary_size(), SIZE);
}

#[test]
fn ids_outside_the_vocabulary_have_no_text() {
    assert_eq!(smollm().decode(&[START, HE, SPACE_HE]).unwrap(), "<|start|>he he");
    assert!(matches!(smollm().decode(&[HE, 264]), Err(TokenizerError::UnknownId { id: 264, size: SIZE })));
}

#[test]
fn the_digest_changes_with_vocabulary_and_rules_and_with_nothing_else() {
    let digest = |metadata: &HashMap<String, Value>| Tokenizer::from_metadata(metadata).unwrap().digest().to_owned();
    let own = digest(&metadata("smollm"));
    assert_eq!(own.len(), 64);
    assert_eq!(digest(&with("general.architecture", Value::String("other".to_owned()))), own);
    assert_ne!(digest(&metadata("gpt-2")), own);
    assert_ne!(digest(&with("tokenizer.ggml.add_bos_token", Value::Bool(false))), own);
    assert_ne!(digest(&with("tokenizer.ggml.merges", texts(["h e", "l l", "Ġ he"]))), own);
}

#[test]
fn damaged_metadata_are_refused_by_key() {
    let refuse = |metadata: HashMap<String, Value>| {
        let error = SeamError::from(Tokenizer::from_metadata(&metadata).unwrap_err());
        assert_eq!(error.fault, Fault::Preflight);
        assert!(error.hint.unwrap().contains("tokenizer.json"));
        error.what
    };
    for key in ["model", "pre", "tokens", "merges"] {
        let key = format!("tokenizer.ggml.{key}");
        let mut metadata = metadata("smollm");
        metadata.remove(&key);
        assert!(refuse(metadata).contains(&key));
        assert!(refuse(with(&key, Value::U8(1))).contains(&key));
    }
    assert!(refuse(with("tokenizer.ggml.model", Value::String("bert".to_owned()))).contains("`bert`"));
    assert!(refuse(with("tokenizer.ggml.pre", Value::String("viking".to_owned()))).contains("`viking`"));
    let mut repeated = with("tokenizer.ggml.tokens", texts(["a", "b", "a"]));
    repeated.remove("tokenizer.ggml.token_type");
    assert!(refuse(repeated).contains("token 2"));
    assert!(
        refuse(with("tokenizer.ggml.token_type", Value::Array(vec![Value::I32(1)])))
            .contains("token_type` in the model's metadata has 1 values for 264")
    );
    assert!(refuse(with("tokenizer.ggml.eos_token_id", Value::U32(264))).contains("264"));
    assert!(refuse(with("tokenizer.ggml.eom_token_id", Value::I32(-1))).contains("eom_token_id"));
    let mut no_start = with("tokenizer.ggml.add_bos_token", Value::Bool(true));
    no_start.remove("tokenizer.ggml.bos_token_id");
    assert!(refuse(no_start).contains("bos_token_id"));
}

#[test]
fn merges_that_make_no_token_are_refused_with_their_place() {
    for bad in ["he", "h x", "unknown e", "<|start|> <|end|>"] {
        let metadata = with("tokenizer.ggml.merges", texts(["h e", bad]));
        let error = Tokenizer::from_metadata(&metadata).unwrap_err();
        assert!(matches!(error, TokenizerError::BadMerge { index: 1 }), "{bad}: {error:?}");
    }
}

/// A file with a tokenizer and no tensors.
fn gguf_bytes(metadata: &HashMap<String, Value>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let entries: Vec<_> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    gguf_file::write(&mut file, &entries, &[]).unwrap();
    file.into_inner()
}

fn read_gguf(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, bytes).unwrap();
    Tokenizer::from_gguf_file(&path)
}

#[test]
fn composed_and_decomposed_letters_are_one_to_some_families_only() {
    let same = |pre| {
        let tokenizer = Tokenizer::from_metadata(&metadata(pre)).unwrap();
        tokenizer.encode("\u{e9}").unwrap() == tokenizer.encode("e\u{301}").unwrap()
    };
    assert!(["mpt", "olmo", "qwen2", "stablelm2"].into_iter().all(same));
    assert!(!["gpt-2", "llama-bpe", "refact", "tekken"].into_iter().any(same));
}

#[test]
fn a_gguf_file_is_read_without_its_weights() {
    let tokenizer = read_gguf(&gguf_bytes(&metadata("smollm"))).unwrap();
    assert_eq!(tokenizer.digest(), smollm().digest());
    assert!(matches!(read_gguf(b"GGUF?"), Err(TokenizerError::NotGguf { .. })));
    assert!(matches!(Tokenizer::from_gguf_file(Path::new("missing.gguf")), Err(TokenizerError::Unreadable { .. })));
}

#[test]
fn a_tokenizer_json_gives_the_same_ids_and_takes_its_ends_from_the_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let mut rules = smollm().rules;
    // What such files often ask for and a measurement must not do.
    rules.with_padding(Some(tokenizers::PaddingParams { strategy: tokenizers::PaddingStrategy::Fixed(64), ..Default::default() }));
    rules.with_truncation(Some(tokenizers::TruncationParams { max_length: 1, ..Default::default() })).unwrap();
    rules.save(&path, false).unwrap();

    let tokenizer = Tokenizer::from_file(&path).unwrap();
    assert_eq!(tokenizer.encode("he he<|end|>").unwrap(), [HE, SPACE_HE, END]);
    assert!(!tokenizer.is_end(END));
    let tokenizer = tokenizer.with_ends_of(&metadata("smollm")).unwrap();
    assert!(tokenizer.is_end(END) && tokenizer.is_end(TURN) && !tokenizer.is_end(START));

    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(Tokenizer::from_file(&path), Err(TokenizerError::NotATokenizer { .. })));
}

#[test]
fn values_of_every_type_are_read_and_an_alignment_of_zero_is_no_concern_of_a_tokenizer() {
    let others = [
        Value::U8(1),
        Value::I8(-1),
        Value::U16(1),
        Value::I16(-1),
        Value::I32(-1),
        Value::U64(1),
        Value::I64(-1),
        Value::F32(0.5),
        Value::F64(0.5),
        Value::Bool(true),
        Value::Array(vec![Value::F32(0.5); 3]),
        Value::Array(Vec::new()),
    ];
    let mut metadata = with("general.alignment", Value::U32(0));
    metadata.extend(others.into_iter().enumerate().map(|(index, value)| (format!("other.{index}"), value)));
    assert_eq!(read_gguf(&gguf_bytes(&metadata)).unwrap().digest(), smollm().digest());
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), is_cut in any::<bool>()) {
        let mut bytes = gguf_bytes(&metadata("smollm"));
        let place = place.index(bytes.len());
        // The last bytes are padding up to a multiple of 32.
        let loses_metadata = is_cut && place < bytes.len() - 32;
        bytes[place] = byte;
        if is_cut {
            bytes.truncate(place);
        }
        // Damage inside a text may go unnoticed; lost metadata never do.
        let outcome = read_gguf(&bytes);
        prop_assert!(outcome.is_err() || !loses_metadata);
    }

    #[test]
    fn text_survives_the_round_trip(text in any::<String>(), pre in prop::sample::select(vec!["default", "gpt-2", "smollm"])) {
        let tokenizer = Tokenizer::from_metadata(&metadata(pre)).unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        prop_assert_eq!(tokenizer.decode(&ids).unwrap(), text);
    }

    /// Any ids, also those that no text has: a character cut short, special tokens in the middle.
    #[test]
    fn the_bytes_of_tokens_are_their_text(ids in prop::collection::vec(0..u32::try_from(SIZE).unwrap(), 0..30)) {
        let tokenizer = smollm();
        let bytes = tokenizer.token_bytes().unwrap();
        let text: Vec<u8> = ids.iter().flat_map(|&id| bytes.of(id)).copied().collect();
        prop_assert_eq!(String::from_utf8_lossy(&text), tokenizer.decode(&ids).unwrap());
    }
}
