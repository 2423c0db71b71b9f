//! Reads a `tokenizer.json`.

use super::{Tokenizer, TokenizerError, digest};
use std::path::Path;

/// Reads the file. Cutting and padding that it may ask for are switched off: the input limit is the run's own, and a
/// padding token in a prompt would be counted as one.
pub(super) fn read(path: &Path) -> Result<Tokenizer, TokenizerError> {
    let bytes = std::fs::read(path).map_err(|source| TokenizerError::Unreadable { path: path.to_owned(), source })?;
    let refuse = |source| TokenizerError::NotATokenizer { path: path.to_owned(), source };
    let mut rules = tokenizers::Tokenizer::from_bytes(&bytes).map_err(refuse)?;
    rules.with_padding(None);
    rules.with_truncation(None).map_err(refuse)?;
    Ok(Tokenizer { rules, start: None, ends: Vec::new(), digest: digest::of_bytes(&bytes) })
}
