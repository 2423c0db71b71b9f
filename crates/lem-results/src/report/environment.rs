//! The machine that a result came from, as a flat list of facts.

use serde_json::Value;
use std::collections::BTreeMap;

/// What is different each time and says nothing of the machine.
const MOMENTARY: [&str; 3] = ["taken_at_unix_s", "memory_available_bytes", "load_average_1m"];

/// Every fact of `environment.json` by its dotted path; what is null is left out.
pub(super) fn facts(document: &[u8]) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    if let Ok(value) = serde_json::from_slice::<Value>(document) {
        collect("", &value, &mut facts);
    }
    facts
}

fn collect(path: &str, value: &Value, facts: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(object) => {
            object.iter().filter(|(key, _)| !MOMENTARY.contains(&key.as_str())).for_each(|(key, value)| collect(&below(key), value, facts));
        }
        Value::Array(list) if list.iter().any(|entry| entry.is_object()) => {
            list.iter().enumerate().for_each(|(place, entry)| collect(&below(&place.to_string()), entry, facts));
        }
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().map(crate::stored::setting_text).collect();
            facts.insert(path.to_owned(), texts.join(", "));
        }
        other => {
            facts.insert(path.to_owned(), crate::stored::setting_text(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_flat_and_what_is_unknown_is_left_out() {
        let document = br#"{"host": {"cpu": {"model_name": "X", "governors": null}, "load_average_1m": 3, "flags": ["a", "b"], "gpus": [{"name": "G"}]}}"#;
        let expected = [("host.cpu.model_name", "X"), ("host.flags", "a, b"), ("host.gpus.0.name", "G")];
        assert_eq!(facts(document), expected.map(|(path, fact)| (path.to_owned(), fact.to_owned())).into());
        assert!(facts(b"no JSON").is_empty());
    }
}
