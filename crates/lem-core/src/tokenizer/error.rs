//! What can go wrong with a tokenizer.

use super::pre_tokenizer::KNOWN;
use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::io;
use std::path::PathBuf;

/// Why there is no tokenizer, or why it failed on a text.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file is not there or cannot be read.
    #[error("cannot read the tokenizer in `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not GGUF, or damaged.
    #[error("`{}` is not a sound GGUF file", path.display())]
    NotGguf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// The file does not hold a tokenizer.
    #[error("`{}` does not hold a tokenizer", path.display())]
    NotATokenizer {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        #[source]
        source: BoxError,
    },
    /// The metadata lack a key.
    #[error("the model's metadata lack `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A value of the metadata has another type.
    #[error("`{key}` in the model's metadata is not {expected}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// The kind of tokenizer is not known here.
    #[error("tokenizers of kind `{model}` cannot be rebuilt from a GGUF file, only `gpt2` and `llama`")]
    UnsupportedModel {
        /// `tokenizer.ggml.model` of the file.
        model: String,
    },
    /// The rule that splits text into words is not known here.
    #[error("the pre-tokenizer `{pre}` is not known")]
    UnknownPreTokenizer {
        /// `tokenizer.ggml.pre` of the file.
        pre: String,
    },
    /// Two tokens have the same text.
    #[error("token {id} in the model's metadata repeats an earlier one")]
    RepeatedToken {
        /// Id of the second one.
        id: usize,
    },
    /// A list has more or fewer values than there are tokens.
    #[error("`{key}` in the model's metadata has {found} values for {tokens} tokens")]
    WrongCount {
        /// The key.
        key: &'static str,
        /// Number of values.
        found: usize,
        /// Number of tokens.
        tokens: usize,
    },
    /// A merge is not two tokens that make a third.
    #[error("merge {index} in the model's metadata does not join two tokens to a third")]
    BadMerge {
        /// Its position, from 0.
        index: usize,
    },
    /// A special token lies outside the vocabulary.
    #[error("`{key}` in the model's metadata is {id}, outside the vocabulary of {size} tokens")]
    OutsideVocabulary {
        /// The key.
        key: &'static str,
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        size: usize,
    },
    /// Vocabulary and rules do not make a tokenizer.
    #[error("the model's metadata do not make a tokenizer")]
    Build(#[source] BoxError),
    /// The rules failed on a text.
    #[error("cannot tokenise the text")]
    Encode(#[source] BoxError),
    /// An id that is no token.
    #[error("{id} is no token of the vocabulary of {size}")]
    UnknownId {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        size: usize,
    },
    /// The rules failed on token ids.
    #[error("cannot turn token ids into text")]
    Decode(#[source] BoxError),
}

const OWN_RULES: &str = "put the model's tokenizer.json beside the .gguf file; it takes precedence";

impl TokenizerError {
    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { .. }
            | Self::NotGguf { .. }
            | Self::NotATokenizer { .. }
            | Self::MissingKey { .. }
            | Self::WrongType { .. }
            | Self::UnsupportedModel { .. }
            | Self::UnknownPreTokenizer { .. }
            | Self::RepeatedToken { .. }
            | Self::WrongCount { .. }
            | Self::BadMerge { .. }
            | Self::OutsideVocabulary { .. }
            | Self::Build(_)
            | Self::Encode(_) => Fault::Preflight,
            Self::UnknownId { .. } | Self::Decode(_) => Fault::Run,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("check the path and its permissions".to_owned()),
            Self::NotGguf { .. } | Self::NotATokenizer { .. } => Some("fetch the file again; it may be cut off".to_owned()),
            Self::UnknownPreTokenizer { .. } => Some(format!("{OWN_RULES}; the pre-tokenizers known here are {}", KNOWN.join(", "))),
            Self::MissingKey { .. }
            | Self::WrongType { .. }
            | Self::UnsupportedModel { .. }
            | Self::RepeatedToken { .. }
            | Self::WrongCount { .. }
            | Self::BadMerge { .. }
            | Self::OutsideVocabulary { .. }
            | Self::Build(_) => Some(OWN_RULES.to_owned()),
            Self::Encode(_) | Self::UnknownId { .. } | Self::Decode(_) => None,
        }
    }
}

impl From<TokenizerError> for SeamError {
    fn from(error: TokenizerError) -> Self {
        let seam = Self { hint: error.hint(), ..Self::new(error.fault(), error.to_string()) };
        match error {
            TokenizerError::Unreadable { source, .. } | TokenizerError::NotGguf { source, .. } => seam.because(source),
            TokenizerError::NotATokenizer { source, .. }
            | TokenizerError::Build(source)
            | TokenizerError::Encode(source)
            | TokenizerError::Decode(source) => seam.because(source),
            TokenizerError::MissingKey { .. }
            | TokenizerError::WrongType { .. }
            | TokenizerError::UnsupportedModel { .. }
            | TokenizerError::UnknownPreTokenizer { .. }
            | TokenizerError::RepeatedToken { .. }
            | TokenizerError::WrongCount { .. }
            | TokenizerError::BadMerge { .. }
            | TokenizerError::OutsideVocabulary { .. }
            | TokenizerError::UnknownId { .. } => seam,
        }
    }
}
