//! Models on the Hugging Face hub, through its cache on this machine.

use super::hub_reference::{HubReference, is_commit, is_weights_path};
use super::local::{self, ADAPTER_CONFIG, ADAPTER_WEIGHTS, TOKENIZER};
use super::patience::{self, Pulse};
use super::shards::{CONFIG, GENERATION_CONFIG, INDEX, SINGLE};
use super::{AdapterFiles, ModelFiles, ReferenceError, WeightFiles, shards};
use hf_hub::api::RepoInfo;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};
use std::path::PathBuf;
use std::time::Duration;

/// Branch that a reference without a revision means.
const MAIN: &str = "main";

/// How long the hub may be silent. A slow link still sends something in that time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The hub and its cache.
pub(super) struct Hub {
    cache: Cache,
    /// `None` is the public one.
    endpoint: Option<String>,
    /// `None` leaves it to the token file in the cache.
    token: Option<String>,
    access: Access,
    patience: Duration,
}

/// Whether the hub may be asked.
enum Access {
    Online,
    CacheOnly,
}

impl Hub {
    /// The hub as the environment says.
    pub(super) fn from_environment() -> Result<Self, ReferenceError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("HF_HOME").is_none() && std::env::home_dir().is_none() {
            return Err(ReferenceError::NoHome);
        }
        // The values that count as true in the hub's own libraries.
        let is_true = |value: String| matches!(value.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE");
        let access = if variable("HF_HUB_OFFLINE").is_some_and(is_true) { Access::CacheOnly } else { Access::Online };
        Ok(Self { cache: Cache::from_env(), endpoint: variable("HF_ENDPOINT"), token: variable("HF_TOKEN"), access, patience: PATIENCE })
    }

    /// Finds the files of a model.
    ///
    /// The hub is asked even if the cache has the very commit: the cache may lack some of its files, and only the hub
    /// can say whether there are more weights to choose from.
    pub(super) fn resolve(&self, reference: &HubReference) -> Result<ModelFiles, ReferenceError> {
        match self.access {
            Access::CacheOnly => self.find_in_cache(reference),
            Access::Online => self.fetch(reference),
        }
    }

    /// Finds the files of an adapter.
    pub(super) fn resolve_adapter(&self, reference: &HubReference) -> Result<AdapterFiles, ReferenceError> {
        match self.access {
            Access::CacheOnly => {
                let not_cached = || ReferenceError::NotCached { reference: reference.to_string() };
                let commit = self.cached_commit(reference).ok_or_else(not_cached)?;
                let files = local::adapter_in(&self.snapshot(reference, &commit)).map_err(|_| not_cached())?;
                Ok(AdapterFiles { revision: Some(commit), ..files })
            }
            Access::Online => {
                let api = self.api(reference)?;
                let info = self.info(&api, reference)?;
                let is_there = |name| info.siblings.iter().any(|sibling| sibling.rfilename == name);
                if !is_there(ADAPTER_CONFIG) || !is_there(ADAPTER_WEIGHTS) {
                    return Err(ReferenceError::NoAdapter { place: reference.to_string() });
                }
                let config = self.fetch_file(&api, reference, &info, ADAPTER_CONFIG)?;
                let weights = self.fetch_file(&api, reference, &info, ADAPTER_WEIGHTS)?;
                self.note(reference, &info)?;
                Ok(AdapterFiles { config, weights, revision: Some(info.sha) })
            }
        }
    }

    fn find_in_cache(&self, reference: &HubReference) -> Result<ModelFiles, ReferenceError> {
        let not_cached = || ReferenceError::NotCached { reference: reference.to_string() };
        let commit = self.cached_commit(reference).ok_or_else(not_cached)?;
        let snapshot = self.snapshot(reference, &commit);
        let weights = match &reference.file {
            _ if !snapshot.is_dir() => return Err(not_cached()),
            None => local::in_folder(&snapshot)?.weights,
            Some(file) => WeightFiles::Gguf(Some(snapshot.join(file)).filter(|path| path.is_file()).ok_or_else(not_cached)?),
        };
        let tokenizer_json = Some(snapshot.join(TOKENIZER)).filter(|path| path.is_file());
        Ok(ModelFiles { weights, tokenizer_json, revision: Some(commit) })
    }

    /// The commit that a reference stands for, as far as the cache knows.
    fn cached_commit(&self, reference: &HubReference) -> Option<String> {
        if let Some(commit) = reference.commit() {
            return Some(commit.to_owned());
        }
        let repository = repository(reference);
        let note = self.cache.path().join(repository.folder_name()).join("refs").join(repository.revision());
        std::fs::read_to_string(note).ok().map(|commit| commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Asks which commit and files there are, then fetches those of that commit which the cache lacks.
    fn fetch(&self, reference: &HubReference) -> Result<ModelFiles, ReferenceError> {
        let api = self.api(reference)?;
        let info = self.info(&api, reference)?;
        let names: Vec<_> = info.siblings.iter().map(|sibling| sibling.rfilename.as_str()).collect();
        let weights = self.fetch_weights(&api, reference, &info, &names)?;
        let tokenizer_json = if names.contains(&TOKENIZER) { Some(self.fetch_file(&api, reference, &info, TOKENIZER)?) } else { None };
        self.note(reference, &info)?;
        Ok(ModelFiles { weights, tokenizer_json, revision: Some(info.sha) })
    }

    /// The commit that a reference stands for, and its files.
    fn info(&self, api: &Api, reference: &HubReference) -> Result<RepoInfo, ReferenceError> {
        let repository = api.repo(repository(reference));
        let info = self.ask(reference, move |_| repository.info())?;
        if is_commit(&info.sha) { Ok(info) } else { Err(ReferenceError::NoCommit { reference: reference.to_string() }) }
    }

    /// Notes the commit, so that the branch or tag is found in the cache by itself, also by the hub's other libraries.
    fn note(&self, reference: &HubReference, info: &RepoInfo) -> Result<(), ReferenceError> {
        let noted = self.cache.repo(repository(reference)).create_ref(&info.sha);
        noted.map_err(|source| ReferenceError::Unreadable { path: self.cache.path().clone(), source })
    }

    /// A GGUF file where there is one or one is named, else safetensors.
    fn fetch_weights(&self, api: &Api, reference: &HubReference, info: &RepoInfo, names: &[&str]) -> Result<WeightFiles, ReferenceError> {
        let fetch = |name: &str| self.fetch_file(api, reference, info, name);
        let optional = |name: &str| if names.contains(&name) { fetch(name).map(Some) } else { Ok(None) };
        let is_described = reference.file.is_none() && names.contains(&CONFIG) && !names.iter().any(|name| is_weights_path(name));
        let shards = if is_described && names.contains(&SINGLE) {
            vec![fetch(SINGLE)?]
        } else if is_described && names.contains(&INDEX) {
            let path = fetch(INDEX)?;
            let index = std::fs::read(&path).map_err(|source| ReferenceError::Unreadable { path: path.clone(), source })?;
            shards::names(&index).ok_or(ReferenceError::DamagedIndex { path })?.iter().map(|name| fetch(name)).collect::<Result<_, _>>()?
        } else {
            return fetch(choose_weights(reference, names)?).map(WeightFiles::Gguf);
        };
        Ok(WeightFiles::Safetensors { config: fetch(CONFIG)?, generation: optional(GENERATION_CONFIG)?, shards })
    }

    /// Fetches by commit and not by branch, which may move between two files.
    fn fetch_file(&self, api: &Api, reference: &HubReference, info: &RepoInfo, name: &str) -> Result<PathBuf, ReferenceError> {
        let cached = self.snapshot(reference, &info.sha).join(name);
        if cached.is_file() {
            return Ok(cached);
        }
        let commit = api.repo(Repo::with_revision(reference.repository.clone(), RepoType::Model, info.sha.clone()));
        let name = name.to_owned();
        self.ask(reference, move |pulse| commit.download_with_progress(&name, pulse))
    }

    fn api(&self, reference: &HubReference) -> Result<Api, ReferenceError> {
        let mut builder = ApiBuilder::from_cache(self.cache.clone());
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        if self.token.is_some() {
            builder = builder.with_token(self.token.clone());
        }
        builder.build().map_err(|source| ReferenceError::Hub { reference: reference.to_string(), source: source.into() })
    }

    fn ask<T: Send + 'static>(
        &self,
        reference: &HubReference,
        question: impl FnOnce(Pulse<Result<T, ApiError>>) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ReferenceError> {
        match patience::with_limit(self.patience, question) {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(source)) => Err(ReferenceError::Hub { reference: reference.to_string(), source: source.into() }),
            None => Err(ReferenceError::HubSilent { reference: reference.to_string(), limit: self.patience }),
        }
    }

    /// Where the cache keeps the files of a commit.
    fn snapshot(&self, reference: &HubReference, commit: &str) -> PathBuf {
        self.cache.repo(repository(reference)).pointer_path(commit)
    }
}

/// The repository at the revision asked for.
fn repository(reference: &HubReference) -> Repo {
    Repo::with_revision(reference.repository.clone(), RepoType::Model, reference.revision.clone().unwrap_or_else(|| MAIN.to_owned()))
}

/// The weights that the reference names, or the only ones. Names come from the hub and become paths, so unsafe ones are
/// as good as not there.
fn choose_weights<'a>(reference: &HubReference, names: &[&'a str]) -> Result<&'a str, ReferenceError> {
    let weights: Vec<_> = names.iter().copied().filter(|name| is_weights_path(name)).collect();
    let list = || weights.iter().map(|&name| name.to_owned()).collect();
    match (&reference.file, weights.as_slice()) {
        (Some(file), _) => weights
            .iter()
            .copied()
            .find(|name| name == file)
            .ok_or_else(|| ReferenceError::NoSuchFile { reference: reference.to_string(), files: list() }),
        (None, []) => Err(ReferenceError::NoWeights { place: reference.to_string() }),
        (None, [only]) => Ok(only),
        (None, _) => Err(ReferenceError::SeveralWeights { place: reference.to_string(), files: list() }),
    }
}

#[cfg(test)]
mod tests;
