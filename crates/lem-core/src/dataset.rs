//! Prompt sources: the set that ships inside the program and text files, and the choice of prompts from them.
//!
//! Start at [`load`], then [`select`].

mod embedded;
mod error;
mod selection;
mod text_file;

pub use error::DatasetError;
pub use selection::{Selection, select};

use crate::digest::hexadecimal;
use lem_domain::protocol::Prompt;
use lem_domain::record::DatasetFacts;
use lem_domain::spec::PromptSource;
use sha2::{Digest, Sha256};

/// Name of the embedded set in records.
pub const EMBEDDED_NAME: &str = "lem-prompts";

/// Prompts of one source, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What results say about the source.
    pub facts: DatasetFacts,
    /// Its prompts.
    pub prompts: Vec<Prompt>,
}

impl Dataset {
    /// The prompts that were read from `bytes`, which are the identity of the set.
    fn new(name: String, bytes: &[u8], prompts: Vec<Prompt>) -> Self {
        let sha256 = hexadecimal(Sha256::new_with_prefix(bytes));
        // A count of things in memory always fits.
        let available = u64::try_from(prompts.len()).unwrap_or(u64::MAX);
        Self { facts: DatasetFacts { name, sha256, available }, prompts }
    }
}

/// Reads all prompts of a source.
///
/// # Errors
/// When a file cannot be read, is not UTF-8, or holds no prompt.
pub fn load(source: &PromptSource) -> Result<Dataset, DatasetError> {
    match source {
        PromptSource::Embedded => Ok(embedded::read()),
        PromptSource::TextFile(path) => text_file::read(path),
    }
}
