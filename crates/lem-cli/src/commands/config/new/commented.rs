//! A configuration with what its settings mean.

use lem_config::{sections, settings};
use serde_json::Value;

/// Columns of the comments.
const WIDTH: usize = 110;

/// Settings as YAML in the order of the documentation, each below what it is.
pub(super) fn yaml(written: &Value) -> String {
    let mut text = String::from("# Everything that is not here has its built-in value: `lem config show` shows them all.\n");
    let mut opened: Vec<&str> = Vec::new();
    for setting in settings() {
        let path: Vec<&str> = setting.path.split('.').collect();
        let Some(value) = path.iter().try_fold(written, |value, name| value.get(name)) else { continue };
        let (name, outer) = path.split_last().expect("a path has a name");
        let shared = opened.iter().zip(outer).take_while(|(open, name)| open == name).count();
        opened.truncate(shared);
        for section in &outer[shared..] {
            let indent = opened.len();
            opened.push(section);
            let described = sections().iter().find(|description| description.path == opened.join("."));
            text.push('\n');
            comment(&mut text, indent, described.map_or("", |description| &description.documentation));
            line(&mut text, indent, &format!("{section}:"));
        }
        comment(&mut text, opened.len(), &setting.documentation);
        // JSON is YAML.
        line(&mut text, opened.len(), &format!("{name}: {value}"));
    }
    text
}

fn line(text: &mut String, indent: usize, line: &str) {
    text.push_str(&"  ".repeat(indent));
    text.push_str(line);
    text.push('\n');
}

fn comment(text: &mut String, indent: usize, words: &str) {
    let mut row = String::new();
    for word in words.split_whitespace() {
        if !row.is_empty() && row.len() + 1 + word.len() > WIDTH - 2 * indent {
            line(text, indent, &format!("# {row}"));
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    if !row.is_empty() {
        line(text, indent, &format!("# {row}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_config::{Override, Request, Resolver, presets};
    use serde_json::json;

    /// Every setting that is built in, and those of every preset, are read back as what they were.
    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("written.yaml");
        let model = Override { path: "model_name".to_owned(), value: json!("a \"quoted\": model.gguf"), flag: "--model".to_owned() };
        for preset in presets() {
            let wishes = Request { preset: Some(preset.name.to_owned()), overrides: vec![model.clone()], ..Request::default() };
            let resolver = Resolver::new(&wishes).unwrap();
            std::fs::write(&file, yaml(&resolver.written())).unwrap();
            let read = lem_config::resolve(&Request { file: Some(file.clone()), ..Request::default() }).unwrap();
            assert_eq!(read.spec, resolver.resolve(&[]).unwrap().spec, "{}", preset.name);
        }
    }
}
