//! What files of this machine tell of the model that a server runs: its tokens and its shape. The hub is never asked.

use crate::inference::architecture::read;
use crate::inference::checkpoint::{Config, Gguf};
use crate::model::{ModelReference, WeightFiles};
use crate::tokenizer::Tokenizer;
use lem_domain::flops::ModelShape;
use std::path::Path;

/// What is known here of a model.
#[derive(Debug, Default)]
pub(super) struct LocalModel {
    pub(super) tokenizer: Option<Tokenizer>,
    /// Why there is no tokenizer.
    pub(super) no_tokenizer: Option<String>,
    pub(super) name: Option<String>,
    pub(super) family: Option<String>,
    pub(super) shape: Option<ModelShape>,
}

impl LocalModel {
    /// Looks at the file or the folder that a reference names.
    pub(super) fn of(reference: &str) -> Self {
        let path = Path::new(reference);
        if !path.exists() {
            return Self::without(format!(
                "`{reference}` is no file or folder of this machine, and the hub is not asked for a server's model"
            ));
        }
        let alone = path.join("tokenizer.json");
        match reference.parse::<ModelReference>().and_then(|reference| reference.resolve()) {
            Ok(files) => match files.weights {
                WeightFiles::Gguf(path) => Self::in_gguf(&path, files.tokenizer_json.as_deref()),
                WeightFiles::Safetensors { config, .. } => Self::beside(&config, files.tokenizer_json.as_deref()),
            },
            Err(_) if alone.is_file() => Self::beside(&path.join("config.json"), Some(&alone)),
            Err(error) => Self::without(format!("no model was found in `{reference}`: {error}")),
        }
    }

    fn without(reason: String) -> Self {
        Self { no_tokenizer: Some(reason), ..Self::default() }
    }

    fn in_gguf(path: &Path, tokenizer_json: Option<&Path>) -> Self {
        let file = match Gguf::open(path) {
            Ok(file) => file,
            Err(error) => return Self::without(error.to_string()),
        };
        let tokenizer = match tokenizer_json {
            Some(path) => Tokenizer::from_file(path),
            None => Tokenizer::from_metadata(file.values()),
        };
        // A family that is not run here has no shape that is known here.
        let architecture = read::gguf(&file).ok().map(|(architecture, _)| architecture);
        Self::default().with(tokenizer.map_err(|error| error.to_string()), architecture)
    }

    fn beside(config: &Path, tokenizer_json: Option<&Path>) -> Self {
        let architecture = Config::open(config).and_then(|config| read::config(&config)).ok().map(|(architecture, _)| architecture);
        let tokenizer = match tokenizer_json {
            Some(path) => Tokenizer::from_file(path).map_err(|error| error.to_string()),
            None => Err(format!("there is no tokenizer.json beside `{}`", config.display())),
        };
        Self::default().with(tokenizer, architecture)
    }

    fn with(self, tokenizer: Result<Tokenizer, String>, architecture: Option<crate::inference::architecture::Architecture>) -> Self {
        let (tokenizer, no_tokenizer) = match tokenizer {
            Ok(tokenizer) => (Some(tokenizer), None),
            Err(reason) => (None, Some(reason)),
        };
        let name = architecture.as_ref().and_then(|architecture| architecture.name.clone());
        let family = architecture.as_ref().map(|architecture| architecture.family.clone());
        Self { tokenizer, no_tokenizer, name, family, shape: architecture.map(|architecture| architecture.shape) }
    }
}
