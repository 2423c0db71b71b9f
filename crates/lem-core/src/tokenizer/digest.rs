//! The identity of a tokenizer: a digest of everything that changes its output.

use super::metadata::{Metadata, PREFIX};
use crate::digest::hexadecimal;
use candle_core::quantized::gguf_file::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of bytes, in hexadecimal.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// SHA-256 of the tokenizer's entries, in hexadecimal: sorted by key, each key and value with its type and length.
///
/// The chat template lies outside those entries: it makes prompts, not tokens.
pub(super) fn of_metadata(metadata: &Metadata<'_>) -> String {
    let mut entries: Vec<_> = metadata.0.iter().filter(|(key, _)| key.starts_with(PREFIX)).collect();
    entries.sort_unstable_by_key(|(key, _)| key.as_str());
    let mut hasher = Sha256::new();
    for (key, value) in entries {
        absorb_text(&mut hasher, key);
        absorb(&mut hasher, value);
    }
    hexadecimal(hasher)
}

/// Feeds a value with a tag of its type, so that no two values look the same.
fn absorb(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::U8(number) => absorb_number(hasher, b'B', &number.to_le_bytes()),
        Value::I8(number) => absorb_number(hasher, b'b', &number.to_le_bytes()),
        Value::U16(number) => absorb_number(hasher, b'H', &number.to_le_bytes()),
        Value::I16(number) => absorb_number(hasher, b'h', &number.to_le_bytes()),
        Value::U32(number) => absorb_number(hasher, b'I', &number.to_le_bytes()),
        Value::I32(number) => absorb_number(hasher, b'i', &number.to_le_bytes()),
        Value::U64(number) => absorb_number(hasher, b'Q', &number.to_le_bytes()),
        Value::I64(number) => absorb_number(hasher, b'q', &number.to_le_bytes()),
        Value::F32(number) => absorb_number(hasher, b'f', &number.to_le_bytes()),
        Value::F64(number) => absorb_number(hasher, b'd', &number.to_le_bytes()),
        Value::Bool(flag) => absorb_number(hasher, b'?', &[u8::from(*flag)]),
        Value::String(text) => absorb_text(hasher, text),
        Value::Array(values) => {
            absorb_length(hasher, b'[', values.len());
            for value in values {
                absorb(hasher, value);
            }
        }
    }
}

fn absorb_number(hasher: &mut Sha256, tag: u8, bytes: &[u8]) {
    hasher.update([tag]);
    hasher.update(bytes);
}

fn absorb_text(hasher: &mut Sha256, text: &str) {
    absorb_length(hasher, b's', text.len());
    hasher.update(text);
}

fn absorb_length(hasher: &mut Sha256, tag: u8, length: usize) {
    absorb_number(hasher, tag, &(length as u64).to_le_bytes());
}
