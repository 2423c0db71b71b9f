//! The Hugging Face hub, through its cache on this machine: which commit a revision is, which files it has, and the files.
//!
//! Models and data sets are looked up by their own modules, which say in their own words what is missing.

mod names;
mod patience;

pub(crate) use names::{is_commit, is_plain_path, is_segment};

use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};
use lem_domain::protocol::BoxError;
use patience::Pulse;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Branch that a reference without a revision means.
const MAIN: &str = "main";

/// How long the hub may be silent. A slow link still sends something in that time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The hub and its cache.
pub(crate) struct Hub {
    pub(crate) cache: Cache,
    /// `None` is the public one.
    pub(crate) endpoint: Option<String>,
    /// `None` leaves it to the token file in the cache.
    pub(crate) token: Option<String>,
    pub(crate) access: Access,
    pub(crate) patience: Duration,
}

/// Whether the hub may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Online,
    CacheOnly,
}

/// A repository at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) kind: Kind,
    /// `org/name`.
    pub(crate) name: String,
    /// Branch, tag or commit hash; `None` is the main branch.
    pub(crate) revision: Option<String>,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    Dataset,
}

/// The commit that a revision stands for, and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) commit: String,
    /// Paths inside the repository, as the hub says them.
    pub(crate) files: Vec<String>,
}

/// Why the hub does not deliver.
#[derive(Debug)]
pub(crate) enum HubError {
    /// Its cache cannot be read or written.
    Cache { path: PathBuf, source: io::Error },
    /// What its client says.
    Client(BoxError),
    /// It stopped answering.
    Silent(Duration),
    /// It answered with something that is no commit hash.
    NoCommit,
}

impl Hub {
    /// The hub as the environment says: `HF_HOME`, `HF_TOKEN`, `HF_ENDPOINT`, and `HF_HUB_OFFLINE`, with which only the
    /// cache is looked at. `None` when there is no place for a cache.
    pub(crate) fn from_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("HF_HOME").is_none() && std::env::home_dir().is_none() {
            return None;
        }
        // The values that count as true in the hub's own libraries.
        let is_true = |value: String| matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        let access = if variable("HF_HUB_OFFLINE").is_some_and(is_true) { Access::CacheOnly } else { Access::Online };
        Some(Self { cache: Cache::from_env(), endpoint: variable("HF_ENDPOINT"), token: variable("HF_TOKEN"), access, patience: PATIENCE })
    }

    /// Where the cache keeps a repository.
    pub(crate) fn folder(&self, repository: &Repository) -> PathBuf {
        self.cache.path().join(repository.at_revision().folder_name())
    }

    /// Where the cache keeps the files of a commit.
    pub(crate) fn snapshot(&self, repository: &Repository, commit: &str) -> PathBuf {
        self.cache.repo(repository.at_revision()).pointer_path(commit)
    }

    /// The commit that a revision stands for, as far as the cache knows.
    pub(crate) fn cached_commit(&self, repository: &Repository) -> Option<String> {
        if let Some(commit) = repository.revision.as_deref().filter(|revision| is_commit(revision)) {
            return Some(commit.to_owned());
        }
        let note = self.folder(repository).join("refs").join(repository.at_revision().revision());
        std::fs::read_to_string(note).ok().map(|commit| commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Asks which commit a revision is and which files it has.
    pub(crate) fn list(&self, repository: &Repository) -> Result<Listing, HubError> {
        let asked = self.api()?.repo(repository.at_revision());
        let info = self.ask(move |_| asked.info())?;
        let files = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        if is_commit(&info.sha) { Ok(Listing { commit: info.sha, files }) } else { Err(HubError::NoCommit) }
    }

    /// A file of a commit, fetched where the cache lacks it: by commit and not by branch, which may move between two files.
    ///
    /// The name becomes a path, so the caller has made sure that it is a plain one.
    pub(crate) fn fetch(&self, repository: &Repository, commit: &str, name: &str) -> Result<PathBuf, HubError> {
        let cached = self.snapshot(repository, commit).join(name);
        if cached.is_file() {
            return Ok(cached);
        }
        let asked = self.api()?.repo(Repo::with_revision(repository.name.clone(), repository.kind.of_hub(), commit.to_owned()));
        let name = name.to_owned();
        self.ask(move |pulse| asked.download_with_progress(&name, pulse))
    }

    /// Notes the commit, so that the branch or tag is found in the cache by itself, also by the hub's other libraries.
    pub(crate) fn note(&self, repository: &Repository, commit: &str) -> Result<(), HubError> {
        let noted = self.cache.repo(repository.at_revision()).create_ref(commit);
        noted.map_err(|source| HubError::Cache { path: self.cache.path().clone(), source })
    }

    fn api(&self) -> Result<Api, HubError> {
        let mut builder = ApiBuilder::from_cache(self.cache.clone());
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        if self.token.is_some() {
            builder = builder.with_token(self.token.clone());
        }
        builder.build().map_err(|source| HubError::Client(source.into()))
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(Pulse<Result<T, ApiError>>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, HubError> {
        match patience::with_limit(self.patience, question) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(source)) => Err(HubError::Client(source.into())),
            None => Err(HubError::Silent(self.patience)),
        }
    }
}

impl Repository {
    fn at_revision(&self) -> Repo {
        Repo::with_revision(self.name.clone(), self.kind.of_hub(), self.revision.clone().unwrap_or_else(|| MAIN.to_owned()))
    }
}

impl Kind {
    fn of_hub(self) -> RepoType {
        match self {
            Self::Model => RepoType::Model,
            Self::Dataset => RepoType::Dataset,
        }
    }
}

#[cfg(test)]
pub(crate) mod server;
