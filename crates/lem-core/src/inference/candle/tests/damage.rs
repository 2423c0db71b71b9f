//! Files that are damaged, or hold something else: an error that says so, never a panic.

use super::tiny_model::{HIDDEN, TinyModel};
use super::{load, load_bytes};
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use lem_domain::protocol::{Fault, SeamError};
use proptest::prelude::*;
use std::sync::LazyLock;

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| TinyModel::new(GgmlDType::Q8_0).to_bytes());

fn tiny() -> TinyModel {
    TinyModel::new(GgmlDType::F32)
}

fn check_error(error: impl Into<SeamError>, message: &str) {
    let error = error.into();
    assert_eq!(error.fault, Fault::Preflight, "{}", error.what);
    assert!(error.what.contains(message), "{}", error.what);
    assert!(error.hint.is_some());
}

fn check(model: &TinyModel, message: &str) {
    check_error(load(model).unwrap_err(), message);
}

fn check_bytes(bytes: &[u8], message: &str) {
    check_error(load_bytes(bytes).unwrap_err(), message);
}

#[test]
fn another_architecture_is_named() {
    check(
        &tiny().with("general.architecture", Value::String("mamba".to_owned())),
        "architecture is `mamba`, which the candle engine does not run",
    );
    check(&tiny().without("general.architecture"), "metadata `general.architecture` of the model is missing");
}

#[test]
fn parts_that_would_be_left_out_are_refused() {
    check(&tiny().with("llama.rope.scaling.type", Value::String("dynamic".to_owned())), "rotary scaling `dynamic`");
    check(&tiny().with("llama.attention.value_length", Value::U32(16)), "values of another width");
    check(&tiny().with_matrix("blk.0.attn_q.scale", 1, HIDDEN), "a tensor `blk.0.attn_q.scale`");
    check(&tiny().with_matrix("blk.0.post_attention_norm.weight", 1, HIDDEN), "a tensor `blk.0.post_attention_norm.weight`");
    assert!(load(&tiny().with("llama.rope.scaling.type", Value::String("none".to_owned()))).is_ok());
    assert!(load(&tiny().with("llama.expert_count", Value::U32(0))).is_ok());
}

#[test]
fn metadata_out_of_bounds_are_named() {
    check(&tiny().without("llama.block_count"), "metadata `llama.block_count` of the model is missing");
    check(&tiny().with("llama.block_count", Value::U32(u32::MAX)), "outside 1..=");
    check(&tiny().with("llama.block_count", Value::U32(1 << 20)), "more than any model");
    check(&tiny().with("llama.rope.dimension_count", Value::U32(16)), "wider than a head");
    check(&tiny().with("llama.block_count", Value::I32(-1)), "no whole number");
    check(&tiny().with("llama.attention.head_count", Value::U32(0)), "is 0, outside 1..=");
    check(&tiny().with("llama.attention.head_count_kv", Value::U32(3)), "does not divide 4 heads");
    check(&tiny().with("llama.attention.key_length", Value::U32(7)), "not a positive even number");
    check(&tiny().with("llama.embedding_length", Value::U32(2)), "not a positive even number");
    check(&tiny().with("llama.rope.freq_base", Value::F32(f32::NAN)), "not positive");
    check(&tiny().with("llama.attention.layer_norm_rms_epsilon", Value::F32(-1.0)), "not positive");
}

#[test]
fn tensors_must_be_what_the_metadata_say() {
    check(&tiny().without("blk.1.ffn_up.weight"), "tensor `blk.1.ffn_up.weight` of the model is missing");
    check(&tiny().with("llama.block_count", Value::U32(3)), "tensor `blk.2.attn_norm.weight` of the model is missing");
    check(&tiny().with("llama.block_count", Value::U32(1)), "a tensor `blk.1.");
    check(&tiny().with("llama.feed_forward_length", Value::U32(65)), "has shape [64, 32] instead of [65, 32]");
}

#[test]
fn a_file_of_something_else() {
    check_bytes(b"", "the file ends inside its header (byte 0 of 0)");
    check_bytes(b"PK\x03\x04 a zip file, say", "does not start with `GGUF`");
    check_bytes(b"<!DOCTYPE html><title>404</title>", "does not start with `GGUF`");
}

/// A header of one metadata entry and one tensor that the tests spoil field by field.
struct Header {
    key: &'static str,
    value: Vec<u8>,
    dimensions: Vec<u64>,
    stored: u32,
    offset: u64,
    tensors: u64,
}

impl Default for Header {
    fn default() -> Self {
        Self { key: "general.alignment", value: number(4, &32u32.to_le_bytes()), dimensions: vec![32, 2], stored: 0, offset: 0, tensors: 1 }
    }
}

fn number(code: u32, bytes: &[u8]) -> Vec<u8> {
    [&code.to_le_bytes(), bytes].concat()
}

impl Header {
    fn to_bytes(&self) -> Vec<u8> {
        let long = |number: usize| u64::try_from(number).unwrap().to_le_bytes();
        let mut bytes = [b"GGUF".as_slice(), &3u32.to_le_bytes(), &self.tensors.to_le_bytes(), &long(1)].concat();
        bytes.extend([&long(self.key.len()), self.key.as_bytes(), &self.value].concat());
        bytes.extend([long(1).as_slice(), b"t", &u32::try_from(self.dimensions.len()).unwrap().to_le_bytes()].concat());
        bytes.extend(self.dimensions.iter().flat_map(|dimension| dimension.to_le_bytes()));
        bytes.extend([self.stored.to_le_bytes().as_slice(), &self.offset.to_le_bytes(), &[0; 512]].concat());
        bytes
    }
}

fn check_header(header: &Header, message: &str) {
    check_bytes(&header.to_bytes(), message);
}

#[test]
fn numbers_that_a_reader_must_not_trust() {
    check_header(&Header::default(), "`general.architecture` of the model is missing");
    check_header(&Header { value: number(4, &0u32.to_le_bytes()), ..Header::default() }, "`general.alignment` is no power of two");
    check_header(&Header { value: number(0, &[0]), ..Header::default() }, "`general.alignment` is no power of two");
    check_header(&Header { dimensions: vec![1 << 62, 1 << 62], ..Header::default() }, "more than any file can hold");
    check_header(&Header { dimensions: vec![32, 0], ..Header::default() }, "no elements");
    check_header(&Header { dimensions: vec![], ..Header::default() }, "has 0 dimensions");
    check_header(&Header { dimensions: vec![1; 9], ..Header::default() }, "has 9 dimensions");
    check_header(&Header { dimensions: vec![32, 1 << 20], ..Header::default() }, "tensor `t` reaches past the end");
    check_header(&Header { offset: u64::MAX, ..Header::default() }, "tensor `t` reaches past the end");
    check_header(&Header { dimensions: vec![33], stored: 8, ..Header::default() }, "no whole number of blocks");
    check_header(&Header { stored: 99, ..Header::default() }, "models with type 99 weights");
    check_header(&Header { stored: 23, ..Header::default() }, "models with IQ4_XS weights");
    check_header(&Header { tensors: u64::MAX, ..Header::default() }, "not sound");
}

#[test]
fn lists_that_would_fill_the_memory() {
    let list = |code: u32, length: u64| number(9, &[code.to_le_bytes().as_slice(), &length.to_le_bytes()].concat());
    check_header(&Header { key: "k", value: list(0, u64::MAX), ..Header::default() }, "more than");
    check_header(&Header { key: "k", value: list(0, 1 << 23), ..Header::default() }, "bytes are announced where the file ends");
    check_header(&Header { key: "k", value: list(8, 1 << 20), ..Header::default() }, "not sound");
    let nested = (0..20).fold(Vec::new(), |inner, _| [list(9, 1)[4..].to_vec(), inner].concat());
    check_header(&Header { key: "k", value: number(9, &nested), ..Header::default() }, "nested too deeply");
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let sound = &*SOUND;
    assert!(load_bytes(sound).is_ok());
    // Every length through the header's first kilobytes, then a sample, then the last bytes.
    let ends = (0..2048).step_by(7).chain((2048..sound.len()).step_by(997)).chain([sound.len() - 33]);
    for end in ends {
        assert!(load_bytes(&sound[..end]).is_err(), "cut at {end} of {}", sound.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn bytes_of_chance_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let bytes = if magic { [b"GGUF\x03\0\0\0".as_slice(), &bytes].concat() } else { bytes };
        prop_assert!(load_bytes(&bytes).is_err());
    }

    /// A flipped byte may hit a weight or a name, which nobody can notice; it must not bring the program down.
    #[test]
    fn a_flipped_byte_is_an_error_or_another_model(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = SOUND.clone();
        let header = bytes.len() / 2;
        bytes[at.index(header)] = value;
        if let Err(error) = load_bytes(&bytes) {
            prop_assert_eq!(SeamError::from(error).fault, Fault::Preflight);
        }
    }
}
