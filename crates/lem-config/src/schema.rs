//! The JSON Schema of a configuration file.

use crate::sections::RawConfig;
use crate::{check, tree};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The JSON Schema of a configuration file, with what is built in as defaults.
///
/// ```
/// let schema = lem_config::schema();
/// assert_eq!(schema["properties"]["max_output_tokens"]["maximum"], 1_000_000);
/// assert_eq!(schema["properties"]["batching"]["properties"]["strategy"]["default"], "static");
/// ```
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>().to_value();
    finish(&mut schema, "");
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), "lem experiment".into());
        if let Some(Value::Object(properties)) = root.get_mut("properties") {
            let description = "File that this one builds on, relative to it.";
            properties.insert("_extends".to_owned(), json!({ "description": description, "type": ["string", "null"], "default": null }));
        }
    }
    schema
}

/// Gives every setting its built-in value, and takes away `null` where it is not allowed: in the type every setting may be
/// left out, but that is not the same.
fn finish(schema: &mut Value, path: &str) {
    match schema.get_mut("properties") {
        Some(Value::Object(properties)) => {
            for (name, inner) in properties {
                finish(inner, &tree::join(path, name));
            }
        }
        _ => {
            let built_in = tree::get(&check::BUILT_IN, path).cloned().unwrap_or_default();
            if let Value::Object(leaf) = schema {
                if !built_in.is_null() {
                    without_null(leaf);
                }
                leaf.insert("default".to_owned(), built_in);
            }
        }
    }
}

/// The same form without `null`.
pub(crate) fn without_null(leaf: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = leaf.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            leaf.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = leaf.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(forms)) = leaf.get_mut("anyOf") {
        forms.retain(|form| form != &json!({ "type": "null" }));
        if let [Value::Object(only)] = forms.as_slice() {
            let only = only.clone();
            leaf.remove("anyOf");
            leaf.extend(only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_that_are_built_in_and_null_is_allowed_where_nothing_is() {
        let schema = schema();
        let of = |path: &str| schema.pointer(&format!("/properties/{}", path.replace('.', "/properties/"))).expect("a setting");
        assert_eq!(
            of("decoder.do_sample"),
            &json!({ "description": of("decoder.do_sample")["description"], "type": "boolean", "default": true })
        );
        assert_eq!((&of("decoder.top_p")["exclusiveMinimum"], &of("decoder.top_p")["maximum"]), (&json!(0), &json!(1.0)));
        assert_eq!(of("candle.threads")["type"], json!(["integer", "null"]));
        assert_eq!((&of("energy.backend")["default"], of("energy.backend").get("anyOf")), (&json!("auto"), None));
        assert_eq!(of("vllm.extra")["default"], json!({}));
        assert_eq!(of("_extends")["default"], Value::Null);
    }
}
