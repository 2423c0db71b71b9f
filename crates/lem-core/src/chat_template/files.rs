//! Where the template of a model is kept.

use super::{TemplateError, TemplateText};
use crate::model::{ModelFiles, WeightFiles};
use crate::tokenizer::StoredTemplate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Names of special tokens in `tokenizer_config.json`, which templates use too.
const SPECIAL_TOKENS: [&str; 7] = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// Name of the template that counts where a model has several.
const DEFAULT: &str = "default";

/// The template that came with a model: a file of its own, else in `tokenizer_config.json`, else inside a GGUF file.
pub(super) fn of_model(files: &ModelFiles) -> Result<TemplateText, TemplateError> {
    let stored = Stored::of(files)?;
    let text = match &files.chat_template {
        Some(path) => Some(read(path)?),
        None => stored.template,
    };
    Ok(TemplateText { text: text.ok_or(TemplateError::None)?, special_tokens: stored.special_tokens })
}

/// A template of a file, with the tokens of a model.
pub(super) fn in_file(path: &Path, files: &ModelFiles) -> Result<TemplateText, TemplateError> {
    Ok(TemplateText { text: read(path)?, special_tokens: Stored::of(files)?.special_tokens })
}

fn read(path: &Path) -> Result<String, TemplateError> {
    std::fs::read_to_string(path).map_err(|source| TemplateError::Unreadable { path: path.to_owned(), source })
}

/// What stands beside or inside the weights.
struct Stored {
    template: Option<String>,
    special_tokens: BTreeMap<String, String>,
}

impl Stored {
    fn of(files: &ModelFiles) -> Result<Self, TemplateError> {
        match (&files.tokenizer_config, &files.weights) {
            (Some(path), _) => Self::in_config(path),
            (None, WeightFiles::Gguf(path)) => Self::in_gguf(path),
            (None, WeightFiles::Safetensors { .. }) => Ok(Self { template: None, special_tokens: BTreeMap::new() }),
        }
    }

    fn in_gguf(path: &Path) -> Result<Self, TemplateError> {
        let StoredTemplate { template, start, end } = StoredTemplate::in_gguf_file(path).map_err(TemplateError::Gguf)?;
        let tokens = [("bos_token", start), ("eos_token", end)];
        let special_tokens = tokens.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect();
        Ok(Self { template, special_tokens })
    }

    fn in_config(path: &Path) -> Result<Self, TemplateError> {
        let text = read(path)?;
        let config: Value =
            serde_json::from_str(&text).map_err(|error| TemplateError::DamagedConfig { path: path.to_owned(), source: error.into() })?;
        let token = |name: &str| config.get(name).and_then(token_text).map(|text| (name.to_owned(), text.to_owned()));
        Ok(Self {
            template: config.get("chat_template").and_then(template_text).map(str::to_owned),
            special_tokens: SPECIAL_TOKENS.iter().filter_map(|name| token(name)).collect(),
        })
    }
}

/// A token is its text, or an object with its text and how it is matched.
fn token_text(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

/// A template is its text, or a list of named ones.
fn template_text(template: &Value) -> Option<&str> {
    let named =
        || template.as_array()?.iter().find(|named| named.get("name").and_then(Value::as_str) == Some(DEFAULT))?.get("template")?.as_str();
    template.as_str().or_else(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_several_templates_the_default_counts() {
        let several = json!([{ "name": "tool_use", "template": "b" }, { "name": "default", "template": "a" }]);
        assert_eq!(template_text(&several), Some("a"));
        assert_eq!(template_text(&json!("a")), Some("a"));
        assert_eq!(template_text(&json!([])), None);
    }

    #[test]
    fn a_file_of_its_own_counts_before_what_stands_in_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let config =
            json!({ "bos_token": { "content": "<s>", "lstrip": false }, "eos_token": "</s>", "pad_token": null, "chat_template": "inner" });
        let config = write("tokenizer_config.json", &config.to_string());
        let shards = vec![folder.path().join("model.safetensors")];
        let weights = WeightFiles::Safetensors { config: folder.path().join("config.json"), generation: None, shards };
        let mut files = ModelFiles { weights, tokenizer_json: None, tokenizer_config: Some(config), chat_template: None, revision: None };
        let found = of_model(&files).unwrap();
        let tokens: Vec<_> = found.special_tokens.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!((found.text.as_str(), tokens), ("inner", vec![("bos_token", "<s>"), ("eos_token", "</s>")]));
        files.chat_template = Some(write("chat_template.jinja", "outer"));
        assert_eq!(of_model(&files).unwrap().text, "outer");
        let own = write("own.jinja", "own");
        assert_eq!(in_file(&own, &files).unwrap(), TemplateText { text: "own".to_owned(), special_tokens: found.special_tokens });
        files = ModelFiles { tokenizer_config: None, chat_template: None, ..files };
        assert!(matches!(of_model(&files), Err(TemplateError::None)));
        files.tokenizer_config = Some(write("tokenizer_config.json", "{"));
        assert!(matches!(of_model(&files), Err(TemplateError::DamagedConfig { .. })));
    }
}
