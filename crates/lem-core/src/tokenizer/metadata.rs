//! The tokenizer's keys in the metadata of a GGUF file, by type.
//!
//! Keys and their types: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, section "Tokenizer".

use super::TokenizerError;
use candle_core::quantized::gguf_file::Value;
use std::collections::HashMap;

/// Prefix of every key that describes vocabulary and rules.
pub(super) const PREFIX: &str = "tokenizer.ggml.";
pub(super) const MODEL: &str = "tokenizer.ggml.model";
pub(super) const PRE: &str = "tokenizer.ggml.pre";
pub(super) const TOKENS: &str = "tokenizer.ggml.tokens";
pub(super) const TOKEN_TYPES: &str = "tokenizer.ggml.token_type";
pub(super) const MERGES: &str = "tokenizer.ggml.merges";
pub(super) const SCORES: &str = "tokenizer.ggml.scores";
pub(super) const ADD_SPACE: &str = "tokenizer.ggml.add_space_prefix";
pub(super) const ADD_START: &str = "tokenizer.ggml.add_bos_token";
pub(super) const START: &str = "tokenizer.ggml.bos_token_id";
pub(super) const END: &str = "tokenizer.ggml.eos_token_id";
pub(super) const UNKNOWN_TOKEN: &str = "tokenizer.ggml.unknown_token_id";

/// Outside [`PREFIX`]: it makes prompts, not tokens.
pub(super) const CHAT_TEMPLATE: &str = "tokenizer.chat_template";

/// End of sequence, of a turn, and of a message.
const ENDS: [&str; 3] = [END, "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

/// Metadata of a GGUF file.
pub(super) struct Metadata<'a>(pub(super) &'a HashMap<String, Value>);

impl<'a> Metadata<'a> {
    pub(super) fn text(&self, key: &'static str) -> Result<Option<&'a str>, TokenizerError> {
        self.read(key, "a string", text)
    }

    pub(super) fn texts(&self, key: &'static str) -> Result<Option<Vec<&'a str>>, TokenizerError> {
        self.read(key, "a list of strings", |value| list(value)?.iter().map(text).collect())
    }

    pub(super) fn numbers(&self, key: &'static str) -> Result<Option<Vec<u32>>, TokenizerError> {
        self.read(key, "a list of small numbers", |value| list(value)?.iter().map(number).collect())
    }

    /// Scores of pieces; none is NaN, so that they have an order.
    pub(super) fn scores(&self) -> Result<Option<Vec<f32>>, TokenizerError> {
        let score = |value: &Value| value.to_f32().ok().filter(|score| !score.is_nan());
        self.read(SCORES, "a list of 32-bit numbers with a fraction", |value| list(value)?.iter().map(score).collect())
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, TokenizerError> {
        self.read(key, "true or false", |value| value.to_bool().ok())
    }

    /// A token id, checked against the size of the vocabulary.
    pub(super) fn id(&self, key: &'static str, size: usize) -> Result<Option<u32>, TokenizerError> {
        match self.read(key, "a token id", number)? {
            // An id that does not fit an index lies outside of any vocabulary.
            Some(id) if usize::try_from(id).is_ok_and(|index| index < size) => Ok(Some(id)),
            Some(id) => Err(TokenizerError::OutsideVocabulary { key, id, size }),
            None => Ok(None),
        }
    }

    /// The tokens that end a text; none when the file names none.
    pub(super) fn ends(&self, size: usize) -> Result<Vec<u32>, TokenizerError> {
        ENDS.into_iter().filter_map(|key| self.id(key, size).transpose()).collect()
    }

    fn read<T>(
        &self,
        key: &'static str,
        expected: &'static str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, TokenizerError> {
        let value = self.0.get(key).map(|value| convert(value).ok_or(TokenizerError::WrongType { key, expected }));
        value.transpose()
    }
}

fn text(value: &Value) -> Option<&str> {
    value.to_string().ok().map(String::as_str)
}

fn list(value: &Value) -> Option<&[Value]> {
    value.to_vec().ok().map(Vec::as_slice)
}

/// Writers disagree on the width and sign of small numbers, so all are taken.
fn number(value: &Value) -> Option<u32> {
    match *value {
        Value::U8(number) => Some(number.into()),
        Value::U16(number) => Some(number.into()),
        Value::U32(number) => Some(number),
        Value::U64(number) => number.try_into().ok(),
        Value::I8(number) => number.try_into().ok(),
        Value::I16(number) => number.try_into().ok(),
        Value::I32(number) => number.try_into().ok(),
        Value::I64(number) => number.try_into().ok(),
        Value::F32(_) | Value::F64(_) | Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
    }
}
