//! Every setting in words: the one source of references, of what a command line offers, and of what a user is asked.

use crate::schema::{schema, without_null};
use crate::tree;
use lem_domain::backend::{FIELDS, Field};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::LazyLock;

/// A setting in words. What it means to each backend is in its [`Field`].
#[derive(Clone, Debug)]
pub struct Setting {
    /// Dotted path.
    pub path: &'static str,
    /// The section that it stands in; empty for the top level.
    pub section: &'static str,
    /// What it is, in sentences.
    pub documentation: String,
    /// What can be written.
    pub form: Form,
    /// What holds when nobody writes it; `null` where nothing is built in.
    pub built_in: Value,
    /// The row of the table.
    pub field: &'static Field,
}

/// A section in words.
#[derive(Clone, Debug)]
pub struct SectionDescription {
    /// Dotted path.
    pub path: &'static str,
    /// What it holds, in sentences.
    pub documentation: String,
}

/// What can be written for a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// `true` or `false`.
    Truth,
    /// A whole number between these, both included.
    Whole {
        /// The least.
        min: i64,
        /// The most; `None` where only the machine bounds it.
        max: Option<u64>,
    },
    /// A number between these.
    Real {
        /// The least.
        min: Option<f64>,
        /// Whether the least is excluded.
        above: bool,
        /// The most, included.
        max: Option<f64>,
    },
    /// One of these words.
    Word(Vec<String>),
    /// A text of a certain form, by its name, with examples.
    Named(String, Vec<String>),
    /// Any text that is not empty.
    Text,
    /// A list of items of one form.
    List(Box<Form>),
    /// Values by name.
    Table,
    /// One of several forms.
    Any(Vec<Form>),
}

/// Every setting, in the order of the documentation.
#[must_use]
pub fn settings() -> &'static [Setting] {
    &DESCRIPTIONS.0
}

/// Every section, in the order of the documentation.
#[must_use]
pub fn sections() -> &'static [SectionDescription] {
    &DESCRIPTIONS.1
}

static DESCRIPTIONS: LazyLock<(Vec<Setting>, Vec<SectionDescription>)> = LazyLock::new(|| {
    let schema = schema();
    let settings = FIELDS.iter().map(|field| setting(field, &schema)).collect();
    let mut sections: Vec<SectionDescription> = Vec::new();
    for path in FIELDS.iter().flat_map(|field| field.path.match_indices('.').map(|(dot, _)| &field.path[..dot])) {
        if sections.iter().all(|section| section.path != path) {
            sections.push(SectionDescription { path, documentation: documentation(at(&schema, path)) });
        }
    }
    (settings, sections)
});

fn at<'a>(schema: &'a Value, path: &str) -> &'a Map<String, Value> {
    let node = path.split('.').try_fold(schema, |node, name| node.get("properties")?.get(name));
    node.and_then(Value::as_object).expect("the table and the schema hold the same settings, as a test holds")
}

fn setting(field: &'static Field, schema: &Value) -> Setting {
    let leaf = at(schema, field.path);
    let mut without = leaf.clone();
    without_null(&mut without);
    Setting {
        path: field.path,
        section: tree::section_of(field.path),
        documentation: documentation(leaf),
        form: form(&without),
        built_in: leaf.get("default").cloned().unwrap_or_default(),
        field,
    }
}

/// The text in one line: where it broke in the source means nothing.
fn documentation(node: &Map<String, Value>) -> String {
    let text = node.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn form(leaf: &Map<String, Value>) -> Form {
    let objects = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_object).map(form).collect::<Vec<_>>();
    let strings = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    if let Some(name) = leaf.get("title").and_then(Value::as_str) {
        return Form::Named(name.to_owned(), leaf.get("examples").map(strings).unwrap_or_default());
    }
    if let Some(forms) = leaf.get("oneOf").or_else(|| leaf.get("anyOf")) {
        return Form::Any(objects(forms));
    }
    if let Some(words) = leaf.get("enum") {
        return Form::Word(strings(words));
    }
    if let Some(word) = leaf.get("const").and_then(Value::as_str) {
        return Form::Word(vec![word.to_owned()]);
    }
    match leaf.get("type").and_then(Value::as_str) {
        Some("boolean") => Form::Truth,
        Some("integer") => {
            let number = |name: &str| leaf.get(name).and_then(Value::as_number);
            let max = number("maximum").and_then(serde_json::Number::as_u64);
            let widest = leaf.get("format").and_then(Value::as_str) == Some("uint32");
            let max = max.or(widest.then_some(u64::from(u32::MAX)));
            Form::Whole { min: number("minimum").and_then(serde_json::Number::as_i64).unwrap_or(0), max }
        }
        Some("number") => {
            let number = |name: &str| leaf.get(name).and_then(Value::as_f64);
            let above = number("exclusiveMinimum");
            Form::Real { min: above.or_else(|| number("minimum")), above: above.is_some(), max: number("maximum") }
        }
        Some("array") => Form::List(Box::new(leaf.get("items").and_then(Value::as_object).map_or(Form::Text, form))),
        Some("object") => Form::Table,
        _ if leaf.get("format").and_then(Value::as_str) == Some("uri") => {
            Form::Named("address".to_owned(), vec!["http://127.0.0.1:8000".to_owned()])
        }
        _ => Form::Text,
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth => formatter.write_str("`true` or `false`"),
            Self::Whole { min, max: Some(max) } => write!(formatter, "whole number, {min} to {max}"),
            Self::Whole { min, max: None } => write!(formatter, "whole number from {min}"),
            Self::Real { min: Some(min), above, max: Some(max) } => {
                write!(formatter, "number, {}{min} to {max}", if *above { "above " } else { "" })
            }
            Self::Real { .. } => formatter.write_str("number"),
            Self::Word(words) => write!(formatter, "`{}`", words.join("`, `")),
            Self::Named(name, examples) => match examples.first() {
                Some(example) => write!(formatter, "{name}, such as `{example}`"),
                None => formatter.write_str(name),
            },
            Self::Text => formatter.write_str("text"),
            Self::List(item) => write!(formatter, "list of {item}"),
            Self::Table => formatter.write_str("values by name"),
            Self::Any(forms) => {
                let forms: Vec<_> = forms.iter().map(ToString::to_string).collect();
                formatter.write_str(&forms.join(", or "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_and_section_says_what_it_is() {
        for setting in settings() {
            assert!(
                setting.documentation.ends_with(['.', '`']) && setting.documentation.len() > 10,
                "{}: {}",
                setting.path,
                setting.documentation
            );
            assert!(setting.path.starts_with(setting.section));
        }
        for section in sections() {
            assert!(section.documentation.ends_with('.'), "{}: {}", section.path, section.documentation);
        }
    }

    #[test]
    fn forms_are_told_in_words() {
        let form = |path: &str| settings().iter().find(|setting| setting.path == path).expect("a setting").form.to_string();
        assert_eq!(form("decoder.do_sample"), "`true` or `false`");
        assert_eq!(form("batching.batch_size"), "whole number, 1 to 1024");
        assert_eq!(form("decoder.top_p"), "number, above 0 to 1");
        assert_eq!(form("virtual.ttft"), "duration, such as `20ms`");
        assert_eq!(form("fp_precision"), "`auto`, `float32`, `float16`, `bfloat16`");
        assert_eq!(form("prompts.sample_size"), "whole number from 1, or `all`");
        assert_eq!(form("gpus"), "list of whole number, 0 to 4294967295");
        assert_eq!(form("decoder.stop"), "text, or list of text");
        assert_eq!(form("extra_metadata"), "values by name");
        assert_eq!(form("random_seed"), "whole number from 0");
        assert_eq!(form("sglang.chunked_prefill_size"), "whole number, -1 to 1000000000");
        assert_eq!(form("vllm.server.url"), "address, such as `http://127.0.0.1:8000`");
    }
}
