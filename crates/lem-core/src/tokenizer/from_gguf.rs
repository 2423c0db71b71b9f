//! Rebuilds a byte-level tokenizer from the metadata of a GGUF file.

use super::metadata::{ADD_START, MERGES, MODEL, Metadata, PRE, START, TOKEN_TYPES, TOKENS};
use super::pre_tokenizer::{self, Rules};
use super::{Tokenizer, TokenizerError, digest, gguf_metadata};
use std::fs::File;
use std::path::Path;
use tokenizers::AddedToken;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// The kind of tokenizer that merges pairs of tokens within words of bytes.
const BYTE_LEVEL_MERGES: &str = "gpt2";

/// `token_type` of tokens that steer the model and stand for no text (llama.cpp, `llama_token_type`).
const CONTROL: u32 = 3;

/// `token_type` of tokens that were added to a vocabulary and are matched before anything else.
const USER_DEFINED: u32 = 4;

/// Reads a file's metadata and builds from them.
pub(super) fn read(path: &Path) -> Result<Tokenizer, TokenizerError> {
    let file = File::open(path).map_err(|source| TokenizerError::Unreadable { path: path.to_owned(), source })?;
    let metadata = gguf_metadata::read(file).map_err(|source| TokenizerError::NotGguf { path: path.to_owned(), source })?;
    build(&Metadata(&metadata))
}

/// Builds the tokenizer.
pub(super) fn build(metadata: &Metadata<'_>) -> Result<Tokenizer, TokenizerError> {
    let model = metadata.text(MODEL)?.ok_or(TokenizerError::MissingKey { key: MODEL })?;
    if model != BYTE_LEVEL_MERGES {
        return Err(TokenizerError::UnsupportedModel { model: model.to_owned() });
    }
    // Files from before the key existed are split by rules that nobody can know now.
    let pre = metadata.text(PRE)?.ok_or(TokenizerError::MissingKey { key: PRE })?;
    let Rules { normalizer, words, keeps_whole_words, adds_start } = pre_tokenizer::rules(pre)?;

    let tokens = metadata.texts(TOKENS)?.ok_or(TokenizerError::MissingKey { key: TOKENS })?;
    let vocabulary = number_tokens(&tokens)?;
    let merges = metadata.texts(MERGES)?.ok_or(TokenizerError::MissingKey { key: MERGES })?;
    let merges = split_merges(&merges, &vocabulary)?;
    let bytes_and_merges =
        BPE::builder().vocab_and_merges(vocabulary, merges).ignore_merges(keeps_whole_words).build().map_err(TokenizerError::Build)?;

    let mut rules = tokenizers::Tokenizer::new(bytes_and_merges);
    rules.with_pre_tokenizer(Some(words));
    rules.with_decoder(Some(ByteLevel::default()));
    rules.with_normalizer(normalizer).map_err(TokenizerError::Build)?;
    rules.add_tokens(added_tokens(metadata, &tokens)?).map_err(TokenizerError::Build)?;

    let start = if metadata.flag(ADD_START)?.unwrap_or(adds_start) {
        Some(metadata.id(START, tokens.len())?.ok_or(TokenizerError::MissingKey { key: START })?)
    } else {
        None
    };
    Ok(Tokenizer { rules, start, ends: metadata.ends(tokens.len())?, digest: digest::of_metadata(metadata) })
}

/// A token's id is its position, so its text must be its own.
fn number_tokens(tokens: &[&str]) -> Result<Vocab, TokenizerError> {
    let mut vocabulary = Vocab::default();
    for (id, token) in (0_u32..).zip(tokens) {
        if vocabulary.insert((*token).to_owned(), id).is_some() {
            return Err(TokenizerError::RepeatedToken { id: vocabulary.len() });
        }
    }
    Ok(vocabulary)
}

/// Merges are written as two tokens with a space between them, which no token contains.
///
/// The result of each must be a token: the library that applies them relies on it.
fn split_merges(merges: &[&str], vocabulary: &Vocab) -> Result<Merges, TokenizerError> {
    let mut joined = String::new();
    let pairs = merges.iter().enumerate().map(|(index, merge)| {
        let bad = || TokenizerError::BadMerge { index };
        let (left, right) = merge.split_once(' ').ok_or_else(bad)?;
        joined.clear();
        joined.extend([left, right]);
        let are_tokens = [left, right, &joined].into_iter().all(|token| vocabulary.contains_key(token));
        are_tokens.then(|| (left.to_owned(), right.to_owned())).ok_or_else(bad)
    });
    pairs.collect()
}

/// Tokens that are matched in the text as they are, before it is split into words.
fn added_tokens(metadata: &Metadata<'_>, tokens: &[&str]) -> Result<Vec<AddedToken>, TokenizerError> {
    let Some(types) = metadata.numbers(TOKEN_TYPES)? else { return Ok(Vec::new()) };
    if types.len() != tokens.len() {
        return Err(TokenizerError::TokenTypes { types: types.len(), tokens: tokens.len() });
    }
    let typed = types.into_iter().zip(tokens);
    let added = typed.filter(|(kind, _)| matches!(*kind, CONTROL | USER_DEFINED));
    Ok(added.map(|(kind, token)| AddedToken::from(*token, kind == CONTROL).normalized(false)).collect())
}
