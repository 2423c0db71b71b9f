//! The kind `llama`: the vocabulary of a SentencePiece model with a score for each piece, as Llama 1 and 2, Mistral,
//! Gemma and Phi-3 have it.
//!
//! SentencePiece joins the two neighbours that make the piece of the highest score until no two make one. The models'
//! own `tokenizer.json` say the same as ranked merges, as transformers converts them (`convert_slow_tokenizer.py`,
//! `SpmConverter` and `generate_merges`), and so does this module: where the two differ, in which of several joins of
//! the same score comes first, it is with the `tokenizer.json`.
//!
//! A GGUF file does not say everything that a `tokenizer.json` does. Two things are lost, and both matter only to texts
//! that write out special tokens: whether the text after one begins a word (it does in Llama 2 and here, it does not in
//! the later Mistrals), and whether one swallows the spaces after it (in Phi-3 some do; here none does).

#[cfg(test)]
mod tests;

use super::token_type::{CONTROL, UNKNOWN, USER_DEFINED};
use super::{Kind, check_count, number_tokens};
use crate::tokenizer::TokenizerError;
use crate::tokenizer::metadata::{ADD_SPACE, Metadata, SCORES, UNKNOWN_TOKEN};
use std::borrow::Cow;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace, Sequence as Normalizers};

/// How pieces write a space.
const SPACE: &str = "▁";

/// Builds the rules.
pub(super) fn build(metadata: &Metadata<'_>, tokens: &[&str], types: Option<&[u32]>) -> Result<Kind, TokenizerError> {
    let scores = metadata.scores()?.ok_or(TokenizerError::MissingKey { key: SCORES })?;
    check_count(SCORES, scores.len(), tokens.len())?;
    let pieces = pieces(tokens, scores, types);
    let texts: Vec<_> = pieces.iter().map(|piece| &piece.text).collect();
    let vocabulary = number_tokens(&texts)?;
    let merges = merges(&pieces, &vocabulary);

    let unknown = match metadata.id(UNKNOWN_TOKEN, tokens.len())? {
        Some(id) => Some(id as usize),
        None => types.and_then(|types| types.iter().position(|&kind| kind == UNKNOWN)),
    };
    let mut model = BPE::builder().vocab_and_merges(vocabulary, merges).byte_fallback(true).fuse_unk(true);
    if let Some(id) = unknown {
        model = model.unk_token(pieces[id].text.clone().into_owned());
    }

    let begins_words = metadata.flag(ADD_SPACE)?.unwrap_or(true);
    let mut rules = tokenizers::Tokenizer::new(model.build().map_err(TokenizerError::Build)?);
    rules.with_normalizer(Some(normalizer(begins_words)?)).map_err(TokenizerError::Build)?;
    rules.with_decoder(Some(decoder(begins_words)?));
    Ok(Kind { rules, adds_start: true })
}

/// A piece as the SentencePiece model has it.
struct Piece<'a> {
    text: Cow<'a, str>,
    score: f32,
}

/// Undoes what llama.cpp's `convert_hf_to_gguf.py` does to pieces that are not found by merging alone: it writes the
/// spaces of those defined by the user as they are in a text, and scores these and the control pieces −1000, where the
/// model has 0, the highest score of all. Runs of spaces are merged by that in Gemma.
fn pieces<'a>(tokens: &[&'a str], scores: Vec<f32>, types: Option<&[u32]>) -> Vec<Piece<'a>> {
    let kind = |id| types.map(|types: &[u32]| types[id]);
    let pieces = tokens.iter().zip(scores).enumerate().map(|(id, (&token, score))| match kind(id) {
        Some(USER_DEFINED) => Piece { text: token.replace(' ', SPACE).into(), score: 0.0 },
        Some(CONTROL) => Piece { text: token.into(), score: 0.0 },
        _ => Piece { text: token.into(), score },
    });
    pieces.collect()
}

/// Every way to join two pieces to a third, the one to apply first in front: by the score of the result, then the length
/// in characters of the left part. Ways that are alike in these stay in the order of the vocabulary.
fn merges(pieces: &[Piece<'_>], vocabulary: &Vocab) -> Merges {
    let mut ranked = Vec::new();
    for Piece { text, score } in pieces {
        let length = text.chars().count();
        for (left_length, (middle, _)) in text.char_indices().enumerate().skip(1) {
            let (left, right) = text.split_at(middle);
            if vocabulary.contains_key(left) && vocabulary.contains_key(right) {
                ranked.push(((*score, left_length, length - left_length), (left, right)));
            }
        }
    }
    ranked.sort_by(|(one, _), (other, _)| other.partial_cmp(one).expect("scores are numbers, or they were refused"));
    ranked.into_iter().map(|(_, (left, right))| (left.to_owned(), right.to_owned())).collect()
}

/// Text to what pieces are written in; with a space before it where it begins a word.
fn normalizer(begins_words: bool) -> Result<NormalizerWrapper, TokenizerError> {
    let spaces = Replace::new(" ", SPACE).map_err(TokenizerError::Build)?.into();
    Ok(if begins_words { Normalizers::new(vec![Prepend::new(SPACE.to_owned()).into(), spaces]).into() } else { spaces })
}

/// The way back.
fn decoder(begins_words: bool) -> Result<Decoders, TokenizerError> {
    let spaces = Replace::new(SPACE, " ").map_err(TokenizerError::Build)?;
    let mut steps = vec![spaces.into(), ByteFallback::new().into(), Fuse::new().into()];
    if begins_words {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    Ok(Decoders::new(steps))
}
