//! From a source to the files that hold it.

use super::known::KnownSet;
use super::layout::{DataFile, NotSelected, Selected, select};
use super::listing::{self, Found};
use crate::dataset::DatasetError;
use crate::dataset::file::Format;
use crate::hub::{Access, Hub, HubError, Kind, Listing, Repository, is_plain_path, is_segment};
use lem_domain::spec::HubSource;
use std::path::{Path, PathBuf};

/// Branch with what the hub converted to Parquet.
const CONVERTED: &str = "refs/convert/parquet";

/// Formats other than Parquet, in which some repositories hold their records.
const OTHER_FORMATS: [Format; 3] = [Format::Json, Format::Csv, Format::Tsv];

/// A set whose files are known.
pub(super) struct Opened<'a> {
    hub: &'a Hub,
    repository: Repository,
    /// What was asked for, with nothing left to its short name.
    pub(super) source: HubSource,
    pub(super) commit: String,
    pub(super) selected: Selected,
    /// Whether the files are those in the cache, and not those that the hub says.
    is_cache_alone: bool,
}

/// Finds out which files hold a set.
pub(super) fn open<'a>(hub: &'a Hub, source: &HubSource) -> Result<Opened<'a>, DatasetError> {
    let (repository, source) = place(source)?;
    let asking = Asking { hub, source: &source };
    let (listing, is_cache_alone) = asking.list(&repository)?;
    let opened =
        |repository, commit, selected, is_cache_alone| Opened { hub, repository, source: source.clone(), commit, selected, is_cache_alone };
    if let Some(file) = &source.file {
        let selected = asking.named(&listing, file)?;
        return Ok(opened(repository, listing.commit, selected, is_cache_alone));
    }
    match asking.select(&listing, &[Format::Parquet]) {
        Err(NotSelected::NoFiles) => {}
        selected => return Ok(opened(repository, listing.commit, asking.expect(selected)?, is_cache_alone)),
    }
    // A revision that was asked for has no converted counterpart.
    if repository.revision.is_none() {
        let converted = Repository { revision: Some(CONVERTED.to_owned()), ..repository.clone() };
        match asking.list(&converted) {
            Ok((listing, is_cache_alone)) => {
                let selected = asking.expect(asking.select(&listing, &[Format::Parquet]))?;
                return Ok(opened(converted, listing.commit, selected, is_cache_alone));
            }
            // Not every repository has one.
            Err(DatasetError::Hub { .. } | DatasetError::NotCached { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let selected = asking.expect(asking.select(&listing, &OTHER_FORMATS))?;
    Ok(opened(repository, listing.commit, selected, is_cache_alone))
}

/// Where a source leads, and what it means there.
fn place(source: &HubSource) -> Result<(Repository, HubSource), DatasetError> {
    let (name, revision) = source.dataset.split_once('@').map_or((source.dataset.as_str(), None), |(name, at)| (name, Some(at)));
    let revision = revision.map(str::to_owned);
    let source = match KnownSet::find(name) {
        Some(known) => known.complete(source),
        None => HubSource { dataset: name.to_owned(), ..source.clone() },
    };
    let is_name = source.dataset.split_once('/').is_some_and(|(organisation, name)| is_segment(organisation) && is_segment(name));
    if !is_name || !revision.as_deref().is_none_or(is_segment) {
        return Err(DatasetError::UnknownSet { dataset: name.to_owned() });
    }
    Ok((Repository { kind: Kind::Dataset, name: source.dataset.clone(), revision }, source))
}

/// The short name of a set where it has one, for messages.
pub(super) fn shown(repository: &str) -> &str {
    super::KNOWN_SETS.iter().find(|set| set.repository == repository).map_or(repository, |set| set.name)
}

struct Asking<'a> {
    hub: &'a Hub,
    source: &'a HubSource,
}

impl Asking<'_> {
    fn list(&self, repository: &Repository) -> Result<(Listing, bool), DatasetError> {
        match listing::find(self.hub, repository) {
            Ok(Found::Known(listing)) => Ok((listing, false)),
            Ok(Found::CacheAlone(listing)) => Ok((listing, true)),
            Ok(Found::NotCached) => Err(not_cached(self.hub, repository)),
            Err(error) => Err(of_hub(self.hub, repository, error)),
        }
    }

    fn select(&self, listing: &Listing, formats: &[Format]) -> Result<Selected, NotSelected> {
        select(&listing.files, formats, self.source.subset.as_deref(), self.source.split.as_deref())
    }

    fn named(&self, listing: &Listing, file: &str) -> Result<Selected, DatasetError> {
        let found = DataFile::of(file).filter(|_| is_plain_path(file) && listing.files.iter().any(|name| name == file));
        let Some(found) = found else {
            return Err(DatasetError::NoSuchFile { dataset: self.source.dataset.clone(), file: file.to_owned() });
        };
        Ok(Selected { subset: found.subset.clone(), split: found.split.clone(), files: vec![found] })
    }

    fn expect(&self, selected: Result<Selected, NotSelected>) -> Result<Selected, DatasetError> {
        let dataset = || self.source.dataset.clone();
        selected.map_err(|reason| match reason {
            NotSelected::NoFiles => DatasetError::NoData { dataset: dataset() },
            NotSelected::Subset { present } => DatasetError::NoSubset { dataset: dataset(), asked: self.source.subset.clone(), present },
            NotSelected::Split { present } => DatasetError::NoSplit {
                dataset: dataset(),
                asked: self.source.split.clone().unwrap_or_else(|| super::layout::DEFAULT_SPLIT.to_owned()),
                present,
            },
        })
    }
}

impl Opened<'_> {
    /// The path of a file in the cache, where it is fetched to when it lacks.
    pub(super) fn fetch(&self, file: &DataFile) -> Result<PathBuf, DatasetError> {
        let cached = self.cached(file);
        if cached.is_file() {
            return Ok(cached);
        }
        if self.hub.access == Access::CacheOnly {
            return Err(not_cached(self.hub, &self.repository));
        }
        self.hub.fetch(&self.repository, &self.commit, &file.path).map_err(|error| of_hub(self.hub, &self.repository, error))
    }

    /// Where the cache keeps a file.
    pub(super) fn cached(&self, file: &DataFile) -> PathBuf {
        self.hub.snapshot(&self.repository, &self.commit).join(&file.path)
    }

    /// Whether files may be missing without anybody knowing: another program brought those that are here.
    pub(super) fn may_lack_files(&self) -> bool {
        self.is_cache_alone && !self.selected.is_whole()
    }

    /// Holds a file to its name: the cache calls large files by the digest that the hub says they have.
    pub(super) fn check(&self, path: &Path, sha256: &str) -> Result<(), DatasetError> {
        let blob = std::fs::canonicalize(path).ok();
        let name = blob.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let is_digest = |name: &&str| name.len() == sha256.len() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        match name.filter(is_digest) {
            Some(name) if name != sha256 => Err(DatasetError::NotAsFetched { path: blob.expect("it has a name") }),
            _ => Ok(()),
        }
    }
}

fn not_cached(hub: &Hub, repository: &Repository) -> DatasetError {
    DatasetError::NotCached { dataset: shown(&repository.name).to_owned(), folder: hub.folder(repository) }
}

fn of_hub(hub: &Hub, repository: &Repository, error: HubError) -> DatasetError {
    let (dataset, folder) = (shown(&repository.name).to_owned(), hub.folder(repository));
    match error {
        HubError::Cache { path, source } => DatasetError::Unreadable { path, source },
        HubError::Client(source) => DatasetError::Hub { dataset, folder, source },
        HubError::Silent(limit) => DatasetError::HubSilent { dataset, folder, limit },
        HubError::NoCommit => DatasetError::NoCommit { dataset },
    }
}
