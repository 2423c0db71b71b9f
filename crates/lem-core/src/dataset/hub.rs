//! Data sets on the Hugging Face hub, through its cache on this machine.

mod known;
mod layout;
mod listing;
mod repository;
mod survey;

pub use known::{KNOWN_SETS, KnownSet};
pub use survey::{CacheState, CachedSet, survey};

use super::file::{self, Wanted};
use super::prompts::{Prompts, USUAL_COLUMNS};
use super::{DatasetError, Draw, digest_of_digests};
use crate::hub::Hub;
use lem_domain::finding::{Finding, FindingCode, Severity};
use lem_domain::record::{DatasetFacts, HubFacts};
use lem_domain::spec::HubSource;
use repository::{Opened, open};
use std::path::PathBuf;

/// Reads prompts until the draw is full, and says what was read.
pub(super) fn read(source: &HubSource, draw: &mut Draw) -> Result<(DatasetFacts, Vec<Finding>), DatasetError> {
    read_on(&environment()?, source, draw)
}

/// Brings every file of a set into the cache of this machine; their paths there.
///
/// # Errors
/// When the set is not known, or the hub does not deliver.
pub fn fetch(source: &HubSource) -> Result<Vec<PathBuf>, DatasetError> {
    fetch_on(&environment()?, source)
}

fn environment() -> Result<Hub, DatasetError> {
    Hub::from_environment().ok_or(DatasetError::NoHome)
}

fn fetch_on(hub: &Hub, source: &HubSource) -> Result<Vec<PathBuf>, DatasetError> {
    let set = open(hub, source)?;
    set.selected.files.iter().map(|file| set.fetch(file)).collect()
}

fn read_on(hub: &Hub, source: &HubSource, draw: &mut Draw) -> Result<(DatasetFacts, Vec<Finding>), DatasetError> {
    let set = open(hub, source)?;
    let wanted = Wanted { asked: &set.source.columns, usual: USUAL_COLUMNS };
    let mut prompts = Prompts::new(draw);
    let (mut digests, mut files, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_whole = true;
    for file in &set.selected.files {
        if prompts.is_full() {
            is_whole = false;
            break;
        }
        let path = set.fetch(file)?;
        let read = file::read(&path, file.format, &wanted, &mut prompts.of_file(&path))?;
        set.check(&path, &read.sha256)?;
        is_whole &= read.is_whole;
        digests.push(read.sha256);
        columns = read.columns;
        files.push(file.path.clone());
    }
    let (offered, mut findings) = prompts.finish(&set.source.dataset)?;
    findings.extend(partial(&set));
    let facts = DatasetFacts {
        name: set.source.dataset.clone(),
        sha256: digest_of_digests(&digests),
        available: is_whole.then_some(offered),
        columns,
        hub: Some(HubFacts { revision: set.commit, subset: set.selected.subset, split: Some(set.selected.split), files }),
        ..DatasetFacts::default()
    };
    Ok((facts, findings))
}

/// What must be known when files are missing, or may be.
fn partial(set: &Opened<'_>) -> Option<Finding> {
    let dataset = &set.source.dataset;
    let finding = |severity, message| Some(Finding::new(FindingCode::PromptsPartial, severity, message));
    if set.selected.files.iter().any(|file| file.is_partial) {
        return finding(Severity::Info, format!("the hub holds only the beginning of `{dataset}` in the form that is read"));
    }
    if set.may_lack_files() {
        let message = format!("another program brought `{dataset}` into the cache, and nothing there says whether it brought all files");
        return finding(Severity::Warning, message);
    }
    None
}

#[cfg(test)]
mod tests;
