//! Values as words, and as keys of a document.

use super::CommandError;
use lem_domain::spec::SettingValue;
use serde_json::{Map, Value, json};

/// A value as JSON has it.
pub(crate) fn json_of(value: &SettingValue) -> Value {
    match value {
        SettingValue::Empty => Value::Null,
        SettingValue::Truth(truth) => json!(truth),
        SettingValue::Whole(whole) => json!(whole),
        SettingValue::Real(real) => json!(real),
        SettingValue::Text(text) => json!(text),
        SettingValue::List(values) => values.iter().map(json_of).collect(),
        SettingValue::Table(values) => values.iter().map(|(name, value)| (name.clone(), json_of(value))).collect(),
    }
}

/// A setting that must be a text.
pub(super) fn text(value: &SettingValue) -> Result<String, CommandError> {
    match value {
        SettingValue::Text(text) => Ok(text.clone()),
        _ => Err(CommandError::Setting { path: "tensorrt.engine_path".to_owned(), problem: "it is no text".to_owned() }),
    }
}

/// A value as one word of a command line; what is no single value is written as JSON.
pub(super) fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The entries of a table.
pub(super) fn table(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(entries) = value { Some(entries) } else { None }
}

/// Puts a value at a dotted key. Tables that meet become one.
pub(super) fn insert(document: &mut Map<String, Value>, key: &str, value: Value) -> Result<(), String> {
    let (name, rest) = key.split_once('.').map_or((key, None), |(name, rest)| (name, Some(rest)));
    let Some(rest) = rest else {
        match (document.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => {
                for (inner, value) in more {
                    insert(there, &inner, value)?;
                }
            }
            (_, value) => {
                document.insert(name.to_owned(), value);
            }
        }
        return Ok(());
    };
    match document.entry(name.to_owned()).or_insert_with(|| json!({})) {
        Value::Object(inner) => insert(inner, rest, value),
        other => Err(format!("`{name}` is {other} already")),
    }
}
