//! A small vocabulary with scores, as a GGUF file would carry it.

use crate::tokenizer::tests::texts;
use crate::tokenizer::{Tokenizer, TokenizerError};
use candle_core::quantized::gguf_file::Value;
use proptest::prelude::*;
use std::collections::HashMap;

const UNKNOWN: u32 = 0;
const START: u32 = 1;
const END: u32 = 2;
/// The first of 256 tokens for bytes.
const BYTES: u32 = 3;
const SPACE: u32 = 259;
const A: u32 = 260;
const C: u32 = 262;
const AB: u32 = 263;
const BC: u32 = 264;
const SPACE_A: u32 = 265;
const SPACE_AB: u32 = 266;
/// Two and three spaces, which the file writes as they are.
const THREE_SPACES: u32 = 268;
const SIZE: usize = 269;

const PIECES: [(&str, f32); 8] =
    [("▁", -9.0), ("a", -9.0), ("b", -9.0), ("c", -9.0), ("ab", -1.0), ("bc", -2.0), ("▁a", -3.0), ("▁ab", -4.0)];

fn numbers(values: impl IntoIterator<Item = i32>) -> Value {
    Value::Array(values.into_iter().map(Value::I32).collect())
}

fn scores(values: &[f32]) -> Value {
    Value::Array(values.iter().copied().map(Value::F32).collect())
}

/// The scores with those of `ab` and `bc` as given; what is not found by merging alone has −1000.
fn all_scores(ab: f32, bc: f32) -> Value {
    let mut all = vec![0.0; 259];
    all[1..3].fill(-1000.0);
    all.extend(PIECES.map(|(_, score)| score));
    all.extend([-1000.0; 2]);
    all[AB as usize] = ab;
    all[BC as usize] = bc;
    scores(&all)
}

fn metadata() -> HashMap<String, Value> {
    let bytes: Vec<_> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
    let special = ["<unk>", "<s>", "</s>"].into_iter();
    let tokens = special.chain(bytes.iter().map(String::as_str)).chain(PIECES.map(|(piece, _)| piece)).chain(["  ", "   "]);
    let types = [2, 3, 3].into_iter().chain([6; 256]).chain([1; 8]).chain([4; 2]);
    let entries = [
        ("model", Value::String("llama".to_owned())),
        ("tokens", texts(tokens)),
        ("scores", all_scores(-1.0, -2.0)),
        ("token_type", numbers(types)),
        ("bos_token_id", Value::U32(START)),
        ("eos_token_id", Value::U32(END)),
        ("unknown_token_id", Value::U32(UNKNOWN)),
    ];
    entries.into_iter().map(|(key, value)| (format!("tokenizer.ggml.{key}"), value)).collect()
}

fn with(key: &str, value: Value) -> HashMap<String, Value> {
    let mut metadata = metadata();
    metadata.insert(format!("tokenizer.ggml.{key}"), value);
    metadata
}

fn check(metadata: &HashMap<String, Value>, text: &str, expected: &[u32]) {
    let ids = Tokenizer::from_metadata(metadata).unwrap().encode(text).unwrap();
    assert_eq!(ids[0], START);
    assert_eq!(&ids[1..], expected, "{text:?}");
}

#[test]
fn neighbours_join_by_score_and_not_from_left_to_right() {
    check(&metadata(), "", &[]);
    // `ab` leaves no `bc`, and the space before it makes `▁ab`.
    check(&metadata(), "abc", &[SPACE_AB, C]);
    // With the scores exchanged `bc` leaves no `ab`, and the space goes to `a`.
    check(&with("scores", all_scores(-2.0, -1.0)), "abc", &[SPACE_A, BC]);
    // Nothing joins `a` and `c`.
    check(&metadata(), "acab", &[SPACE_A, C, AB]);
    check(&metadata(), "ab ab", &[SPACE_AB, SPACE_AB]);
}

#[test]
fn a_text_begins_a_word_unless_the_file_denies_it() {
    let gemma = with("add_space_prefix", Value::Bool(false));
    check(&gemma, "ab", &[AB]);
    check(&gemma, " ab", &[SPACE_AB]);
    check(&gemma, "</s>ab", &[END, AB]);
    check(&metadata(), "</s>ab</s>", &[END, SPACE_AB, END]);
}

#[test]
fn special_tokens_written_out_are_recognised() {
    check(&metadata(), "<unk>", &[UNKNOWN]);
    check(&metadata(), "<s>a", &[START, SPACE_A]);
}

#[test]
fn spaces_defined_by_the_user_join_before_anything_else() {
    let gemma = with("add_space_prefix", Value::Bool(false));
    // `▁ab` would need the third space.
    check(&gemma, "a   ab", &[A, THREE_SPACES, AB]);
    // Three and one, not two and two.
    check(&gemma, "    ", &[THREE_SPACES, SPACE]);
    check(&metadata(), "  ", &[THREE_SPACES]);
}

#[test]
fn what_no_piece_writes_is_written_in_bytes_or_unknown() {
    // U+00E9 is C3 A9 in UTF-8.
    check(&metadata(), "aé", &[SPACE_A, BYTES + 0xC3, BYTES + 0xA9]);
    // Without tokens for bytes one token stands for all that is unknown.
    let mut small = with("tokens", texts(["<unk>", "<s>", "a"]));
    small.insert("tokenizer.ggml.token_type".to_owned(), numbers([2, 3, 1]));
    small.insert("tokenizer.ggml.scores".to_owned(), scores(&[0.0, 0.0, -1.0]));
    small.insert("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(1));
    small.insert("tokenizer.ggml.add_space_prefix".to_owned(), Value::Bool(false));
    check(&small, "éèaé", &[0, 2, 0]);
    // Where the file does not say which one, its type does.
    small.remove("tokenizer.ggml.unknown_token_id");
    check(&small, "éèaé", &[0, 2, 0]);
}

#[test]
fn a_start_token_comes_unless_the_file_denies_it() {
    let encode = |metadata: &HashMap<String, Value>| Tokenizer::from_metadata(metadata).unwrap().encode("ab").unwrap();
    assert_eq!(encode(&metadata()), [START, SPACE_AB]);
    assert_eq!(encode(&with("add_bos_token", Value::Bool(true))), [START, SPACE_AB]);
    assert_eq!(encode(&with("add_bos_token", Value::Bool(false))), [SPACE_AB]);
}

#[test]
fn one_space_is_taken_off_again_where_one_was_put() {
    let decode = |metadata: &HashMap<String, Value>, ids: &[u32]| Tokenizer::from_metadata(metadata).unwrap().decode(ids).unwrap();
    assert_eq!(decode(&metadata(), &[SPACE_AB, THREE_SPACES, C]), "ab   c");
    assert_eq!(decode(&with("add_space_prefix", Value::Bool(false)), &[SPACE_AB, C]), " abc");
    assert_eq!(decode(&metadata(), &[BYTES + 0xC3, BYTES + 0xA9]), "é");
}

#[test]
fn damaged_metadata_are_refused_by_key() {
    let refuse = |metadata: HashMap<String, Value>| Tokenizer::from_metadata(&metadata).unwrap_err();
    let mut without_scores = metadata();
    without_scores.remove("tokenizer.ggml.scores");
    assert!(matches!(refuse(without_scores), TokenizerError::MissingKey { key: "tokenizer.ggml.scores" }));
    let too_few = TokenizerError::WrongCount { key: "tokenizer.ggml.scores", found: 1, tokens: SIZE };
    assert_eq!(refuse(with("scores", scores(&[0.0]))).to_string(), too_few.to_string());
    assert!(matches!(refuse(with("scores", all_scores(f32::NAN, 0.0))), TokenizerError::WrongType { key: "tokenizer.ggml.scores", .. }));
    let outside = refuse(with("unknown_token_id", Value::U32(269)));
    assert!(matches!(outside, TokenizerError::OutsideVocabulary { key: "tokenizer.ggml.unknown_token_id", id: 269, size: SIZE }));
}

proptest! {
    #[test]
    fn text_survives_the_round_trip(text in "[abc é\n日😀]{0,40}", begins_words in any::<bool>()) {
        let tokenizer = Tokenizer::from_metadata(&with("add_space_prefix", Value::Bool(begins_words))).unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        prop_assert_eq!(tokenizer.decode(&ids[1..]).unwrap(), text);
    }
}
