//! Text to token ids and back, exactly as the model was trained.
//!
//! A GGUF file carries a vocabulary and the name of its rules; [`Tokenizer::from_metadata`] rebuilds the original
//! tokenizer from them, and refuses what it does not know, since a tokenizer that is almost right changes every figure
//! silently. A `tokenizer.json` beside the weights says the rules itself: [`Tokenizer::from_file`].

mod chat;
mod digest;
mod error;
mod from_gguf;
mod from_json;
mod gguf_metadata;
mod metadata;
mod pre_tokenizer;
#[cfg(test)]
mod tests;
mod token_bytes;

pub(crate) use chat::StoredTemplate;
pub use error::TokenizerError;
pub use token_bytes::TokenBytes;

use candle_core::quantized::gguf_file::Value;
use metadata::Metadata;
use std::collections::HashMap;
use std::path::Path;

/// The tokenizer of one model.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    rules: tokenizers::Tokenizer,
    /// Put before every text; `None` leaves it to the rules, which may do so themselves.
    start: Option<u32>,
    ends: Vec<u32>,
    digest: String,
}

impl Tokenizer {
    /// Rebuilds the tokenizer that the metadata of a GGUF file describe.
    ///
    /// # Errors
    /// When keys are missing, damaged or contradict each other, or name rules that are not known here.
    pub fn from_metadata(metadata: &HashMap<String, Value>) -> Result<Self, TokenizerError> {
        from_gguf::build(&Metadata(metadata))
    }

    /// Reads a `tokenizer.json` file. It does not say which tokens end a text: see [`Self::with_ends_of`].
    ///
    /// # Errors
    /// When the file cannot be read or does not hold a tokenizer.
    pub fn from_file(path: &Path) -> Result<Self, TokenizerError> {
        from_json::read(path)
    }

    /// Rebuilds the tokenizer inside a GGUF file, without reading its weights.
    ///
    /// # Errors
    /// When the file cannot be read or is not GGUF, and as [`Self::from_metadata`].
    pub fn from_gguf_file(path: &Path) -> Result<Self, TokenizerError> {
        from_gguf::read(path)
    }

    /// The same tokenizer, with the end tokens that the metadata of a GGUF file name.
    ///
    /// # Errors
    /// When such a token is not a number or lies outside the vocabulary.
    pub fn with_ends_of(self, metadata: &HashMap<String, Value>) -> Result<Self, TokenizerError> {
        let ends = Metadata(metadata).ends(self.vocabulary_size())?;
        Ok(Self { ends, ..self })
    }

    /// The same tokenizer, with these end tokens.
    ///
    /// # Errors
    /// When one lies outside the vocabulary.
    pub fn with_ends(self, ends: Vec<u32>) -> Result<Self, TokenizerError> {
        let size = self.vocabulary_size();
        match ends.iter().find(|&&end| usize::try_from(end).is_ok_and(|end| end >= size)) {
            Some(&id) => Err(TokenizerError::UnknownId { id, size }),
            None => Ok(Self { ends, ..self }),
        }
    }

    /// Token ids of a text. The start token comes first only if the model's metadata or its `tokenizer.json` ask for
    /// it; an end token is never added, since a prompt is there to be continued. Special tokens written out in the text
    /// are recognised.
    ///
    /// A byte that the vocabulary has no token for becomes the unknown token, or is left out where there is none, as the
    /// original tokenizers do; the vocabularies of published models have them all.
    ///
    /// # Errors
    /// When the rules fail on this text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.rules.encode_fast(text, true).map_err(TokenizerError::Encode)?;
        Ok(self.start.into_iter().chain(encoding.get_ids().iter().copied()).collect())
    }

    /// Token ids of a text that a chat template has made, which has written the start token itself where there is to be
    /// one. Transformers does the same in `apply_chat_template`.
    ///
    /// # Errors
    /// When the rules fail on this text.
    pub fn encode_rendered(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.rules.encode_fast(text, false).map_err(TokenizerError::Encode)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Text of token ids, special tokens included. Bytes that are no UTF-8 yet become `U+FFFD`: a character may span
    /// tokens.
    ///
    /// # Errors
    /// When an id lies outside the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        if let Some(&id) = ids.iter().find(|&&id| self.rules.id_to_token(id).is_none()) {
            return Err(TokenizerError::UnknownId { id, size: self.vocabulary_size() });
        }
        self.rules.decode(ids, false).map_err(TokenizerError::Decode)
    }

    /// The bytes that each token stands for, special tokens included: the text that [`Self::decode`] gives, one by one.
    ///
    /// # Errors
    /// When the rules fail on a token.
    pub fn token_bytes(&self) -> Result<TokenBytes, TokenizerError> {
        token_bytes::read(&self.rules)
    }

    /// Whether a token ends a text: the end-of-sequence, end-of-turn and end-of-message tokens of the metadata.
    #[must_use]
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// SHA-256 of vocabulary and rules, in hexadecimal: of the bytes of a `tokenizer.json`, or of the tokenizer's
    /// metadata in a GGUF file, whose other quantisations then have the same.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Number of tokens, special ones included.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.rules.get_vocab_size(true)
    }
}
