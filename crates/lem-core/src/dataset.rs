//! Prompt sources: the set that ships inside the program, files, data sets on the hub, and lengths of prompts that an
//! engine makes itself; and the choice of prompts from them.
//!
//! Start at [`load`]. Sources are read record by record, so a set may be larger than memory, as long as the sample is
//! not.

mod draw;
mod embedded;
mod error;
mod file;
mod hub;
mod local;
mod prompt_text;
mod prompts;
mod synthetic;

pub use error::DatasetError;
pub use hub::{CacheState, CachedSet, KNOWN_SETS, KnownSet, fetch, survey};
pub use synthetic::SYNTHETIC_NAME;

pub(crate) use embedded::prompts as embedded_prompts;

use crate::digest::hexadecimal;
use draw::Draw;
use lem_domain::finding::{Finding, FindingCode, Severity};
use lem_domain::protocol::{Prompt, PromptContent};
use lem_domain::record::DatasetFacts;
use lem_domain::spec::{PromptSource, PromptSpec};
use sha2::{Digest, Sha256};

/// Name of the embedded set in records.
pub const EMBEDDED_NAME: &str = "lem-prompts";

/// The prompts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// In the order in which they are given to the engine.
    pub prompts: Vec<Prompt>,
    /// What results say about their source.
    pub facts: DatasetFacts,
    /// What a reader of the result must know about the choice.
    pub findings: Vec<Finding>,
}

/// Takes the first `count` prompts of a source, after a shuffle by `seed` where the spec asks for one.
///
/// A set with fewer prompts is used whole, with a finding. Sets on the hub are looked for in its cache and fetched where
/// they are not there; its own environment variables count: `HF_HOME`, `HF_TOKEN`, `HF_ENDPOINT` and `HF_HUB_OFFLINE`.
///
/// # Errors
/// When the source is not there, is damaged, or holds no prompt.
pub fn load(spec: &PromptSpec, seed: u64) -> Result<Selection, DatasetError> {
    let mut draw = Draw::new(spec.count, spec.shuffle, seed);
    let (facts, mut findings) = match &spec.source {
        PromptSource::Embedded => (embedded::read(&mut draw), Vec::new()),
        PromptSource::File { path, columns } => local::read(path, columns, &mut draw)?,
        PromptSource::Hub(source) => hub::read(source, &mut draw)?,
        PromptSource::Synthetic(lengths) => (synthetic::read(lengths, spec.count, seed, &mut draw)?, Vec::new()),
    };
    let prompts = draw.finish();
    if let Some(asked) = spec.count.filter(|&asked| asked > prompts.len()) {
        findings.push(too_few(&facts.name, asked, prompts.len()));
    }
    let (used, used_sha256) = (u64::try_from(prompts.len()).ok(), Some(digest_of_prompts(&prompts)));
    Ok(Selection { prompts, facts: DatasetFacts { used, used_sha256, ..facts }, findings })
}

fn too_few(name: &str, asked: usize, available: usize) -> Finding {
    let message = format!("{asked} prompts were asked for and `{name}` has {available}; all of them were used");
    Finding::new(FindingCode::PromptsFewerThanAsked, Severity::Warning, message)
        .with_hint(format!("set `prompts.sample_size` to {available} or less, or use a larger set"))
}

/// SHA-256 of prompts, each with its kind and its length in front, so that no two lists look the same.
pub(crate) fn digest_of_prompts(prompts: &[Prompt]) -> String {
    let mut hasher = Sha256::new();
    for prompt in prompts {
        match &prompt.content {
            PromptContent::Text(text) => {
                hasher.update(format!("text {} ", text.len()));
                hasher.update(text);
            }
            PromptContent::Synthetic { tokens, stream } => hasher.update(format!("synthetic {tokens} {stream} ")),
        }
    }
    hexadecimal(hasher)
}

/// The digest of several files from the digest of each; that of one file is its own.
fn digest_of_digests(digests: &[String]) -> String {
    match digests {
        [only] => only.clone(),
        several => hexadecimal(Sha256::new_with_prefix(several.concat())),
    }
}

#[cfg(test)]
mod tests;
