//! The chat template in a GGUF file, and the texts of tokens that it may write.

use super::metadata::{CHAT_TEMPLATE, END, Metadata, START, TOKENS};
use super::{TokenizerError, gguf_metadata};
use std::fs::File;
use std::path::Path;

/// What a GGUF file says about chats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredTemplate {
    /// The template; `None` for a model that has none.
    pub(crate) template: Option<String>,
    /// Text of the token that starts a text.
    pub(crate) start: Option<String>,
    /// Text of the token that ends a text.
    pub(crate) end: Option<String>,
}

impl StoredTemplate {
    /// Reads a file's metadata.
    pub(crate) fn in_gguf_file(path: &Path) -> Result<Self, TokenizerError> {
        let file = File::open(path).map_err(|source| TokenizerError::Unreadable { path: path.to_owned(), source })?;
        let metadata = gguf_metadata::read(file).map_err(|source| TokenizerError::NotGguf { path: path.to_owned(), source })?;
        let metadata = Metadata(&metadata);
        let tokens = metadata.texts(TOKENS)?.unwrap_or_default();
        let text_of = |key| -> Result<Option<String>, TokenizerError> {
            let id = metadata.id(key, tokens.len())?.and_then(|id| usize::try_from(id).ok());
            Ok(id.map(|id| tokens[id].to_owned()))
        };
        Ok(Self { template: metadata.text(CHAT_TEMPLATE)?.map(str::to_owned), start: text_of(START)?, end: text_of(END)? })
    }
}
