//! Models in files and folders of this machine.

use super::hub_reference::is_weights_name;
use super::{AdapterFiles, ModelFiles, ReferenceError, WeightFiles, shards};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the file that overrides the vocabulary inside a GGUF file.
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// Name of the file that names special tokens, and holds the chat template where it has no file of its own.
pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// Name of the file that holds the chat template.
pub(super) const CHAT_TEMPLATE: &str = "chat_template.jinja";

/// Names of an adapter's files.
pub(super) const ADAPTER_CONFIG: &str = "adapter_config.json";
pub(super) const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// The adapter in a folder.
pub(super) fn adapter_in(folder: &Path) -> Result<AdapterFiles, ReferenceError> {
    let [config, weights] = [ADAPTER_CONFIG, ADAPTER_WEIGHTS].map(|name| folder.join(name));
    if config.is_file() && weights.is_file() {
        return Ok(AdapterFiles { config, weights, revision: None });
    }
    Err(ReferenceError::NoAdapter { place: folder.display().to_string() })
}

/// A weights file that exists, with the tokenizer beside it; of several safetensors files, any leads to all of them.
pub(super) fn file(path: &Path) -> Result<ModelFiles, ReferenceError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if path.extension().is_some_and(|extension| extension == "safetensors")
        && let Some(weights) = shards::in_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?
    {
        return Ok(beside(folder, weights));
    }
    if !has_weights_name(path) {
        return Err(ReferenceError::NotWeights { path: path.to_owned() });
    }
    Ok(beside(folder, WeightFiles::Gguf(path.to_owned())))
}

/// Weights with what lies in their folder.
pub(super) fn beside(folder: &Path, weights: WeightFiles) -> ModelFiles {
    let [tokenizer_json, tokenizer_config, chat_template] =
        [TOKENIZER, TOKENIZER_CONFIG, CHAT_TEMPLATE].map(|name| Some(folder.join(name)).filter(|path| path.is_file()));
    ModelFiles { weights, tokenizer_json, tokenizer_config, chat_template, revision: None }
}

/// The only GGUF file in a folder, else its safetensors files.
pub(super) fn in_folder(folder: &Path) -> Result<ModelFiles, ReferenceError> {
    let unreadable = |source| ReferenceError::Unreadable { path: folder.to_owned(), source };
    let entries =
        std::fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>());
    let mut weights: Vec<_> = entries.map_err(unreadable)?.into_iter().filter(|path| has_weights_name(path) && path.is_file()).collect();
    weights.sort_unstable();
    match weights.as_slice() {
        [] => match shards::in_folder(folder)? {
            Some(weights) => Ok(beside(folder, weights)),
            None => Err(ReferenceError::NoWeights { place: folder.display().to_string() }),
        },
        [only] => file(only),
        several => Err(ReferenceError::SeveralWeights {
            place: folder.display().to_string(),
            files: several.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect(),
        }),
    }
}

fn has_weights_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_weights_name(&name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::super::ModelReference;
    use super::*;
    use lem_domain::protocol::{Fault, SeamError};

    fn resolve(path: &Path) -> Result<ModelFiles, ReferenceError> {
        let reference: ModelReference = path.to_str().unwrap().parse().unwrap();
        reference.resolve_on(|| panic!("a path on this machine led to the hub"))
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn an_adapter_is_a_folder_with_its_two_files() {
        let folder = folder(&["adapter_config.json", "adapter_model.safetensors"]);
        let reference: ModelReference = folder.path().to_str().unwrap().parse().unwrap();
        let files = reference.resolve_adapter().unwrap();
        assert_eq!((files.config, files.weights), (folder.path().join(ADAPTER_CONFIG), folder.path().join(ADAPTER_WEIGHTS)));
        std::fs::remove_file(folder.path().join(ADAPTER_WEIGHTS)).unwrap();
        let error = SeamError::from(reference.resolve_adapter().unwrap_err());
        assert!(error.to_string().ends_with("holds no adapter_config.json with an adapter_model.safetensors"), "{error}");
        assert_eq!(error.fault, Fault::Usage);
    }

    #[test]
    fn a_file_or_the_folder_that_holds_it_mean_the_same() {
        let folder = folder(&["tiny.Q4_1.gguf", "README.md"]);
        let weights = folder.path().join("tiny.Q4_1.gguf");
        let expected = ModelFiles {
            weights: WeightFiles::Gguf(weights.clone()),
            tokenizer_json: None,
            tokenizer_config: None,
            chat_template: None,
            revision: None,
        };
        assert_eq!(resolve(&weights).unwrap(), expected);
        assert_eq!(resolve(folder.path()).unwrap(), expected);
    }

    #[test]
    fn a_tokenizer_beside_the_weights_comes_with_them() {
        let folder = folder(&["tiny.GGUF", "tokenizer.json", "chat_template.jinja"]);
        let tokenizer = Some(folder.path().join("tokenizer.json"));
        assert_eq!(resolve(folder.path()).unwrap().chat_template, Some(folder.path().join("chat_template.jinja")));
        assert_eq!(resolve(&folder.path().join("tiny.GGUF")).unwrap().tokenizer_json, tokenizer);
        assert_eq!(resolve(folder.path()).unwrap().tokenizer_json, tokenizer);
    }

    #[test]
    fn a_folder_with_several_weights_lists_them() {
        let folder = folder(&["b.gguf", "a.gguf"]);
        let error = SeamError::from(resolve(folder.path()).unwrap_err());
        assert_eq!(error.fault, Fault::Usage);
        assert!(error.what.contains("a.gguf, b.gguf"), "{}", error.what);
    }

    #[test]
    fn a_path_that_leads_to_no_weights_is_the_callers_mistake_and_is_named() {
        let folder = folder(&["model.safetensors"]);
        for (path, place) in [
            (folder.path().to_owned(), folder.path().to_owned()),
            (folder.path().join("model.safetensors"), folder.path().join("model.safetensors")),
            (folder.path().join("missing.gguf"), folder.path().join("missing.gguf")),
            (PathBuf::from("no-such-model.gguf"), PathBuf::from("no-such-model.gguf")),
        ] {
            let error = SeamError::from(resolve(&path).unwrap_err());
            assert_eq!(error.fault, Fault::Usage, "{error:?}");
            assert!(error.what.contains(&place.display().to_string()) && error.hint.is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_misspelt_file_in_a_folder_that_exists_is_not_looked_for_on_the_hub() {
        // Relative to the crate's folder, where tests run.
        assert!(matches!(resolve(Path::new("src/model/missing.gguf")), Err(ReferenceError::Missing { .. })));
    }

    #[test]
    fn nothing_is_no_reference() {
        assert!(matches!(" ".parse::<ModelReference>(), Err(ReferenceError::Empty)));
    }
}
