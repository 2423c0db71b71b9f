//! Rebuilds a tokenizer from the metadata of a GGUF file.

mod byte_level;
mod sentencepiece;

use super::metadata::{ADD_START, MODEL, Metadata, START, TOKEN_TYPES, TOKENS};
use super::{Tokenizer, TokenizerError, digest, gguf_metadata};
use std::fs::File;
use std::path::Path;
use tokenizers::AddedToken;
use tokenizers::models::bpe::Vocab;

/// Meanings of `tokenizer.ggml.token_type` (llama.cpp, `llama_token_type`).
mod token_type {
    /// Stands for text that the vocabulary cannot write.
    pub(super) const UNKNOWN: u32 = 2;
    /// Steers the model and stands for no text.
    pub(super) const CONTROL: u32 = 3;
    /// Was added to a vocabulary and is matched before anything else.
    pub(super) const USER_DEFINED: u32 = 4;
}

/// What the kind of tokenizer decides.
struct Kind {
    rules: tokenizers::Tokenizer,
    /// Whether the start token is put first when the file does not say.
    adds_start: bool,
}

/// Reads a file's metadata and builds from them.
pub(super) fn read(path: &Path) -> Result<Tokenizer, TokenizerError> {
    let file = File::open(path).map_err(|source| TokenizerError::Unreadable { path: path.to_owned(), source })?;
    let metadata = gguf_metadata::read(file).map_err(|source| TokenizerError::NotGguf { path: path.to_owned(), source })?;
    build(&Metadata(&metadata))
}

/// Builds the tokenizer.
pub(super) fn build(metadata: &Metadata<'_>) -> Result<Tokenizer, TokenizerError> {
    let model = metadata.text(MODEL)?.ok_or(TokenizerError::MissingKey { key: MODEL })?;
    let build = match model {
        "gpt2" => byte_level::build,
        "llama" => sentencepiece::build,
        _ => return Err(TokenizerError::UnsupportedModel { model: model.to_owned() }),
    };
    let tokens = metadata.texts(TOKENS)?.ok_or(TokenizerError::MissingKey { key: TOKENS })?;
    let types = metadata.numbers(TOKEN_TYPES)?;
    if let Some(types) = &types {
        check_count(TOKEN_TYPES, types.len(), tokens.len())?;
    }

    let Kind { mut rules, adds_start } = build(metadata, &tokens, types.as_deref())?;
    let added = added_tokens(&rules, types.as_deref().unwrap_or_default());
    rules.add_tokens(added).map_err(TokenizerError::Build)?;

    let start = if metadata.flag(ADD_START)?.unwrap_or(adds_start) {
        Some(metadata.id(START, tokens.len())?.ok_or(TokenizerError::MissingKey { key: START })?)
    } else {
        None
    };
    Ok(Tokenizer { rules, start, ends: metadata.ends(tokens.len())?, digest: digest::of_metadata(metadata) })
}

/// A list that goes with the tokens has one value for each.
fn check_count(key: &'static str, found: usize, tokens: usize) -> Result<(), TokenizerError> {
    if found == tokens { Ok(()) } else { Err(TokenizerError::WrongCount { key, found, tokens }) }
}

/// A token's id is its position, so its text must be its own.
fn number_tokens(tokens: &[impl AsRef<str>]) -> Result<Vocab, TokenizerError> {
    let mut vocabulary = Vocab::default();
    for (id, token) in (0_u32..).zip(tokens) {
        if vocabulary.insert(token.as_ref().to_owned(), id).is_some() {
            return Err(TokenizerError::RepeatedToken { id: vocabulary.len() });
        }
    }
    Ok(vocabulary)
}

/// Tokens that are matched in the text as they are, before rules change or split it.
fn added_tokens(rules: &tokenizers::Tokenizer, types: &[u32]) -> Vec<AddedToken> {
    use token_type::{CONTROL, UNKNOWN, USER_DEFINED};
    let added = (0_u32..).zip(types).filter(|(_, kind)| matches!(**kind, UNKNOWN | CONTROL | USER_DEFINED));
    let tokens = added.map(|(id, kind)| {
        let text = rules.id_to_token(id).expect("types were counted: each has a token");
        AddedToken::from(text, *kind != USER_DEFINED).normalized(false)
    });
    tokens.collect()
}
