//! Prompts of an exact number of tokens, made with the tokenizer of the model that gets them.
//!
//! The tokens are those of words drawn from the prompts that ship inside, cut at the length: what a model meets in text,
//! where random token ids would hold some that it never saw. They are handed to the engine as ids, since their text,
//! tokenised again, need not give as many.

use crate::dataset::embedded_prompts;
use crate::tokenizer::{Tokenizer, TokenizerError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::num::NonZeroU32;

/// Makes prompts for one tokenizer.
#[derive(Clone, Debug)]
pub struct SyntheticPrompts<'a> {
    tokenizer: &'a Tokenizer,
    words: Vec<String>,
    seed: u64,
}

impl<'a> SyntheticPrompts<'a> {
    /// Makes prompts from a seed.
    #[must_use]
    pub fn new(tokenizer: &'a Tokenizer, seed: u64) -> Self {
        let words = embedded_prompts().flat_map(|(_, text)| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        Self { tokenizer, words, seed }
    }

    /// Token ids of a prompt of this length, in which a start token counts where the tokenizer puts one. The same stream
    /// of the same seed gives the same prompt, and a shorter one is its beginning.
    ///
    /// # Errors
    /// When the tokenizer fails on the words, or knows none of them.
    pub fn tokens(&self, length: NonZeroU32, stream: u64) -> Result<Vec<u32>, TokenizerError> {
        let length = usize::try_from(length.get()).expect("a prompt in memory fits the address space");
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(stream);
        let mut text = String::new();
        let mut n_words = 0;
        // Nearly every word is a token or more, so that one round is nearly always enough.
        while n_words <= MAX_WORDS_PER_TOKEN * length {
            for _ in 0..length.max(LEAST_WORDS) {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(self.word(&mut random));
                n_words += 1;
            }
            let mut tokens = self.tokenizer.encode(&text)?;
            // Words that are still to come may change the tokens at the end.
            if tokens.len() >= length + TOKENS_OF_A_WORD {
                tokens.truncate(length);
                return Ok(tokens);
            }
        }
        Err(TokenizerError::Encode("it makes no tokens of words".into()))
    }

    fn word(&self, random: &mut ChaCha8Rng) -> &str {
        let words = u128::try_from(self.words.len()).expect("a length fits 128 bits");
        let position = (u128::from(random.next_u64()) * words) >> 64;
        &self.words[usize::try_from(position).expect("it is below the number of words")]
    }
}

/// Words drawn at least in a round, so that short prompts end well before the end of their text.
const LEAST_WORDS: usize = 16;

/// Tokens at the end of a text that another word behind it may change.
const TOKENS_OF_A_WORD: usize = 8;

/// A tokenizer that makes fewer tokens than this share of the words knows next to none of them.
const MAX_WORDS_PER_TOKEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A tokenizer of single bytes that puts token 0 in front of every text.
    fn bytes() -> Tokenizer {
        let vocabulary: serde_json::Map<_, _> = (32u8..127).map(|byte| (char::from(byte).to_string(), (byte - 31).into())).collect();
        let rules = serde_json::json!({
            "version": "1.0", "normalizer": null, "pre_tokenizer": null, "decoder": { "type": "Fuse" }, "truncation": null, "padding": null,
            "added_tokens": [{ "id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true }],
            "post_processor": { "type": "TemplateProcessing",
                "single": [{ "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }], "pair": [],
                "special_tokens": { "<s>": { "id": "<s>", "ids": [0], "tokens": ["<s>"] } } },
            "model": { "type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": null, "dropout": null,
                "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false },
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, rules.to_string()).unwrap();
        Tokenizer::from_file(&path).unwrap()
    }

    #[test]
    fn every_length_is_met_exactly_and_starts_as_a_text_does() {
        let tokenizer = bytes();
        let prompts = SyntheticPrompts::new(&tokenizer, 7);
        for length in [1, 2, 3, 17, 100, 1000, 8192] {
            let tokens = prompts.tokens(NonZeroU32::new(length).unwrap(), u64::from(length)).unwrap();
            assert_eq!((tokens.len(), tokens[0]), (length.try_into().unwrap(), 0));
            assert!(tokens[1..].iter().all(|&token| token != 0));
        }
    }

    #[test]
    fn a_stream_of_a_seed_is_one_prompt_and_no_other() {
        let tokenizer = bytes();
        let length = |length| NonZeroU32::new(length).unwrap();
        let prompts = SyntheticPrompts::new(&tokenizer, 7);
        let tokens = prompts.tokens(length(64), 1).unwrap();
        assert_eq!(prompts.tokens(length(64), 1).unwrap(), tokens);
        assert_eq!(prompts.tokens(length(20), 1).unwrap(), tokens[..20]);
        assert_ne!(prompts.tokens(length(64), 2).unwrap(), tokens);
        assert_ne!(SyntheticPrompts::new(&tokenizer, 8).tokens(length(64), 1).unwrap(), tokens);
        let streams: BTreeSet<_> = (0..100).map(|stream| prompts.tokens(length(64), stream).unwrap()).collect();
        assert_eq!(streams.len(), 100);
    }
}
