//! Models on the Hugging Face hub.

use super::hub_reference::{HubReference, is_weights_path};
use super::local::{self, ADAPTER_CONFIG, ADAPTER_WEIGHTS, CHAT_TEMPLATE, TOKENIZER, TOKENIZER_CONFIG};
use super::shards::{CONFIG, GENERATION_CONFIG, INDEX, SINGLE};
use super::{AdapterFiles, ModelFiles, ReferenceError, WeightFiles, shards};
use crate::hub::{Access, Hub, HubError, Listing};
use std::path::PathBuf;

/// Finds the files of a model.
///
/// The hub is asked even if the cache has the very commit: the cache may lack some of its files, and only the hub
/// can say whether there are more weights to choose from.
pub(super) fn resolve(hub: &Hub, reference: &HubReference) -> Result<ModelFiles, ReferenceError> {
    match hub.access {
        Access::CacheOnly => find_in_cache(hub, reference),
        Access::Online => Repository::open(hub, reference)?.fetch(),
    }
}

/// Finds the files of an adapter.
pub(super) fn resolve_adapter(hub: &Hub, reference: &HubReference) -> Result<AdapterFiles, ReferenceError> {
    match hub.access {
        Access::CacheOnly => {
            let not_cached = || ReferenceError::NotCached { reference: reference.to_string() };
            let commit = hub.cached_commit(&reference.at()).ok_or_else(not_cached)?;
            let files = local::adapter_in(&hub.snapshot(&reference.at(), &commit)).map_err(|_| not_cached())?;
            Ok(AdapterFiles { revision: Some(commit), ..files })
        }
        Access::Online => Repository::open(hub, reference)?.fetch_adapter(),
    }
}

fn find_in_cache(hub: &Hub, reference: &HubReference) -> Result<ModelFiles, ReferenceError> {
    let not_cached = || ReferenceError::NotCached { reference: reference.to_string() };
    let commit = hub.cached_commit(&reference.at()).ok_or_else(not_cached)?;
    let snapshot = hub.snapshot(&reference.at(), &commit);
    let weights = match &reference.file {
        _ if !snapshot.is_dir() => return Err(not_cached()),
        None => local::in_folder(&snapshot)?.weights,
        Some(file) => WeightFiles::Gguf(Some(snapshot.join(file)).filter(|path| path.is_file()).ok_or_else(not_cached)?),
    };
    Ok(ModelFiles { revision: Some(commit), ..local::beside(&snapshot, weights) })
}

/// What the hub says of a repository.
struct Repository<'a> {
    hub: &'a Hub,
    reference: &'a HubReference,
    listing: Listing,
}

impl<'a> Repository<'a> {
    fn open(hub: &'a Hub, reference: &'a HubReference) -> Result<Self, ReferenceError> {
        let listing = hub.list(&reference.at()).map_err(|error| ReferenceError::of_hub(reference, error))?;
        Ok(Self { hub, reference, listing })
    }

    /// Fetches those files that the cache lacks.
    fn fetch(&self) -> Result<ModelFiles, ReferenceError> {
        let weights = self.fetch_weights()?;
        let [tokenizer_json, tokenizer_config, chat_template] =
            [TOKENIZER, TOKENIZER_CONFIG, CHAT_TEMPLATE].map(|name| self.fetch_if_there(name));
        let files = ModelFiles {
            weights,
            tokenizer_json: tokenizer_json?,
            tokenizer_config: tokenizer_config?,
            chat_template: chat_template?,
            revision: Some(self.listing.commit.clone()),
        };
        self.note()?;
        Ok(files)
    }

    fn fetch_adapter(&self) -> Result<AdapterFiles, ReferenceError> {
        if !self.has(ADAPTER_CONFIG) || !self.has(ADAPTER_WEIGHTS) {
            return Err(ReferenceError::NoAdapter { place: self.reference.to_string() });
        }
        let (config, weights) = (self.fetch_file(ADAPTER_CONFIG)?, self.fetch_file(ADAPTER_WEIGHTS)?);
        self.note()?;
        Ok(AdapterFiles { config, weights, revision: Some(self.listing.commit.clone()) })
    }

    /// A GGUF file where there is one or one is named, else safetensors.
    fn fetch_weights(&self) -> Result<WeightFiles, ReferenceError> {
        let holds_weights = self.listing.files.iter().any(|name| is_weights_path(name));
        let is_described = self.reference.file.is_none() && self.has(CONFIG) && !holds_weights;
        let shards = if is_described && self.has(SINGLE) {
            vec![self.fetch_file(SINGLE)?]
        } else if is_described && self.has(INDEX) {
            let path = self.fetch_file(INDEX)?;
            let index = std::fs::read(&path).map_err(|source| ReferenceError::Unreadable { path: path.clone(), source })?;
            let names = shards::names(&index).ok_or(ReferenceError::DamagedIndex { path })?;
            names.iter().map(|name| self.fetch_file(name)).collect::<Result<_, _>>()?
        } else {
            return self.fetch_file(self.choose_weights()?).map(WeightFiles::Gguf);
        };
        Ok(WeightFiles::Safetensors { config: self.fetch_file(CONFIG)?, generation: self.fetch_if_there(GENERATION_CONFIG)?, shards })
    }

    /// The weights that the reference names, or the only ones. Names come from the hub and become paths, so unsafe ones
    /// are as good as not there.
    fn choose_weights(&self) -> Result<&str, ReferenceError> {
        let names = self.listing.files.iter().map(String::as_str);
        let weights: Vec<_> = names.filter(|name| is_weights_path(name)).collect();
        let list = || weights.iter().map(|&name| name.to_owned()).collect();
        let reference = || self.reference.to_string();
        match (&self.reference.file, weights.as_slice()) {
            (Some(file), _) => {
                let named = weights.iter().copied().find(|name| name == file);
                named.ok_or_else(|| ReferenceError::NoSuchFile { reference: reference(), files: list() })
            }
            (None, []) => Err(ReferenceError::NoWeights { place: reference() }),
            (None, [only]) => Ok(only),
            (None, _) => Err(ReferenceError::SeveralWeights { place: reference(), files: list() }),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.listing.files.iter().any(|file| file == name)
    }

    fn fetch_if_there(&self, name: &str) -> Result<Option<PathBuf>, ReferenceError> {
        if self.has(name) { self.fetch_file(name).map(Some) } else { Ok(None) }
    }

    fn fetch_file(&self, name: &str) -> Result<PathBuf, ReferenceError> {
        let fetched = self.hub.fetch(&self.reference.at(), &self.listing.commit, name);
        fetched.map_err(|error| ReferenceError::of_hub(self.reference, error))
    }

    fn note(&self) -> Result<(), ReferenceError> {
        let noted = self.hub.note(&self.reference.at(), &self.listing.commit);
        noted.map_err(|error| ReferenceError::of_hub(self.reference, error))
    }
}

impl ReferenceError {
    fn of_hub(reference: &HubReference, error: HubError) -> Self {
        let reference = reference.to_string();
        match error {
            HubError::Cache { path, source } => Self::Unreadable { path, source },
            HubError::Client(source) => Self::Hub { reference, source },
            HubError::Silent(limit) => Self::HubSilent { reference, limit },
            HubError::NoCommit => Self::NoCommit { reference },
        }
    }
}

#[cfg(test)]
mod tests;
