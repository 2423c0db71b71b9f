//! The kind `gpt2`: pairs of tokens are merged within words of bytes, in the order in which the file lists the merges.

use super::{Kind, number_tokens};
use crate::tokenizer::TokenizerError;
use crate::tokenizer::metadata::{MERGES, Metadata, PRE};
use crate::tokenizer::pre_tokenizer::{self, Rules};
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// Builds the rules; types of tokens make no difference to them.
pub(super) fn build(metadata: &Metadata<'_>, tokens: &[&str], _types: Option<&[u32]>) -> Result<Kind, TokenizerError> {
    // Files from before the key existed are split by rules that nobody can know now.
    let pre = metadata.text(PRE)?.ok_or(TokenizerError::MissingKey { key: PRE })?;
    let Rules { normalizer, words, keeps_whole_words, adds_start } = pre_tokenizer::rules(pre)?;

    let vocabulary = number_tokens(tokens)?;
    let merges = metadata.texts(MERGES)?.ok_or(TokenizerError::MissingKey { key: MERGES })?;
    let merges = split_merges(&merges, &vocabulary)?;
    let bytes_and_merges =
        BPE::builder().vocab_and_merges(vocabulary, merges).ignore_merges(keeps_whole_words).build().map_err(TokenizerError::Build)?;

    let mut rules = tokenizers::Tokenizer::new(bytes_and_merges);
    rules.with_pre_tokenizer(Some(words));
    rules.with_decoder(Some(ByteLevel::default()));
    rules.with_normalizer(normalizer).map_err(TokenizerError::Build)?;
    Ok(Kind { rules, adds_start })
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
