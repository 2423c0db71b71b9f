//! Safetensors weights: which files there are.

use super::{ReferenceError, WeightFiles};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// What describes the model.
pub(super) const CONFIG: &str = "config.json";
/// What describes how it is used.
pub(super) const GENERATION_CONFIG: &str = "generation_config.json";
/// Weights in one file.
pub(super) const SINGLE: &str = "model.safetensors";
/// Which file holds which tensor, where there are several.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// The weights in a folder; `None` when it holds none.
pub(super) fn in_folder(folder: &Path) -> Result<Option<WeightFiles>, ReferenceError> {
    let config = folder.join(CONFIG);
    let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
    if !config.is_file() {
        return Ok(None);
    }
    let shards = if single.is_file() {
        vec![single]
    } else if index.is_file() {
        let text = std::fs::read(&index).map_err(|source| ReferenceError::Unreadable { path: index.clone(), source })?;
        names(&text).ok_or(ReferenceError::DamagedIndex { path: index })?.into_iter().map(|name| folder.join(name)).collect()
    } else {
        return Ok(None);
    };
    let generation = Some(folder.join(GENERATION_CONFIG)).filter(|path| path.is_file());
    Ok(Some(WeightFiles::Safetensors { config, generation, shards }))
}

/// Files that an index names; `None` when it is damaged, or a name would lead out of its folder.
pub(super) fn names(index: &[u8]) -> Option<BTreeSet<String>> {
    let index: Value = serde_json::from_slice(index).ok()?;
    let names = index.get("weight_map")?.as_object()?.values().map(|name| name.as_str().filter(|name| is_plain(name)));
    let names: BTreeSet<String> = names.map(|name| name.map(str::to_owned)).collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// Whether a name is that of a safetensors file in the same folder.
fn is_plain(name: &str) -> bool {
    name.ends_with(".safetensors") && !name.starts_with('.') && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_is_a_model_when_it_has_a_description_and_weights() {
        let index = r#"{"weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}}"#;
        let whole = folder(&[(CONFIG, "{}"), (SINGLE, ""), (GENERATION_CONFIG, "{}")]);
        let Some(WeightFiles::Safetensors { generation, shards, .. }) = in_folder(whole.path()).unwrap() else { panic!("a model") };
        assert_eq!((generation.is_some(), shards), (true, vec![whole.path().join(SINGLE)]));
        let parts = folder(&[(CONFIG, "{}"), (INDEX, index)]);
        let Some(WeightFiles::Safetensors { generation, shards, .. }) = in_folder(parts.path()).unwrap() else { panic!("a model") };
        let expected = ["model-1.safetensors", "model-2.safetensors"].map(|name| parts.path().join(name));
        assert_eq!((generation, shards), (None, expected.to_vec()));
        for files in [&[(SINGLE, "")], &[(CONFIG, "{}")]] {
            assert_eq!(in_folder(folder(files).path()).unwrap(), None);
        }
    }

    #[test]
    fn an_index_leads_nowhere_else() {
        for name in ["../up.safetensors", "/etc/passwd", "a/b.safetensors", ".hidden.safetensors", "model.bin", ""] {
            let index = serde_json::json!({ "weight_map": { "a": name } }).to_string();
            assert_eq!(names(index.as_bytes()), None, "{name}");
        }
        for index in ["", "{}", r#"{"weight_map": 3}"#, r#"{"weight_map": {"a": 3}}"#, r#"{"weight_map": {}}"#] {
            let folder = folder(&[(CONFIG, "{}"), (INDEX, index)]);
            assert!(matches!(in_folder(folder.path()), Err(ReferenceError::DamagedIndex { .. })), "{index}");
        }
    }
}
