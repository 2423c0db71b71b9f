//! Model references: from what a user wrote to files on this machine.
//!
//! A reference is a `.gguf` file, a folder that holds one or a `config.json` with safetensors weights, or
//! `org/name[@revision][/file.gguf]` on the Hugging Face hub. Something that exists here always wins over the hub. Start at [`ModelReference::resolve`].

mod error;
mod hub;
mod hub_reference;
mod local;
mod shards;

pub use error::ReferenceError;

use crate::hub::Hub;
use hub_reference::HubReference;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A reference as written, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReference {
    text: String,
    /// The reading as a model on the hub, where the text allows it.
    hub: Option<HubReference>,
}

/// Files of a model on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    /// The weights.
    pub weights: WeightFiles,
    /// A `tokenizer.json` that came with them; it takes precedence over the vocabulary inside a GGUF file.
    pub tokenizer_json: Option<PathBuf>,
    /// A `tokenizer_config.json` that came with them: names of special tokens, and in older models the chat template.
    pub tokenizer_config: Option<PathBuf>,
    /// A `chat_template.jinja` that came with them; it takes precedence over other places of the template.
    pub chat_template: Option<PathBuf>,
    /// Commit hash on the hub; `None` for files that did not come from there.
    pub revision: Option<String>,
}

/// Files of a model's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightFiles {
    /// A GGUF file, which holds everything.
    Gguf(PathBuf),
    /// Safetensors files, with what describes them.
    Safetensors {
        /// The `config.json`.
        config: PathBuf,
        /// `generation_config.json`, where there is one: it may name more tokens that end a text.
        generation: Option<PathBuf>,
        /// The files, in order of their names.
        shards: Vec<PathBuf>,
    },
}

/// Files of a LoRA adapter on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFiles {
    /// The `adapter_config.json`.
    pub config: PathBuf,
    /// The `adapter_model.safetensors`.
    pub weights: PathBuf,
    /// Commit hash on the hub; `None` for files that did not come from there.
    pub revision: Option<String>,
}

impl WeightFiles {
    /// The files that hold weights.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Gguf(path) => std::slice::from_ref(path),
            Self::Safetensors { shards, .. } => shards,
        }
    }
}

impl ModelReference {
    /// Finds the files, fetching them from the hub when the reference leads there and they are not in its cache.
    ///
    /// The hub's own environment variables count: `HF_HOME`, `HF_TOKEN`, `HF_ENDPOINT`, and `HF_HUB_OFFLINE`, with
    /// which only the cache is looked at.
    ///
    /// # Errors
    /// When nothing is there, the choice of a file is not clear, or the hub does not deliver.
    pub fn resolve(&self) -> Result<ModelFiles, ReferenceError> {
        self.resolve_on(from_environment)
    }

    /// Finds the files of an adapter: in the folder that the reference names, else on the hub, as [`Self::resolve`] does.
    ///
    /// # Errors
    /// When no adapter is there, or the hub does not deliver.
    pub fn resolve_adapter(&self) -> Result<AdapterFiles, ReferenceError> {
        let folder = Path::new(&self.text);
        match &self.hub {
            Some(reference) if !reference.names_file() && !folder.exists() => hub::resolve_adapter(&from_environment()?, reference),
            _ => local::adapter_in(folder),
        }
    }

    /// As [`Self::resolve`]; the hub is only set up when the reference leads there.
    fn resolve_on(&self, on: impl FnOnce() -> Result<Hub, ReferenceError>) -> Result<ModelFiles, ReferenceError> {
        let path = Path::new(&self.text);
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => local::in_folder(path),
            Ok(_) => local::file(path),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => match &self.hub {
                // A file in a folder that exists here is a slip in a path, not a model on the hub.
                Some(reference) if !(reference.names_file() && path.parent().is_some_and(Path::is_dir)) => hub::resolve(&on()?, reference),
                _ => Err(ReferenceError::Missing { path: path.to_owned() }),
            },
            Err(source) => Err(ReferenceError::Unreadable { path: path.to_owned(), source }),
        }
    }
}

fn from_environment() -> Result<Hub, ReferenceError> {
    Hub::from_environment().ok_or(ReferenceError::NoHome)
}

impl FromStr for ModelReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ReferenceError::Empty);
        }
        Ok(Self { text: text.to_owned(), hub: HubReference::parse(text) })
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
