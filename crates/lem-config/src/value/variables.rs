//! Texts by name, as the variables of an environment are.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Variables of an environment; numbers and truths are taken as the texts that they are written as. Layers above add to
/// those below, name by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables(pub(crate) BTreeMap<String, String>);

impl Serialize for Variables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VariablesVisitor;

        impl<'de> Visitor<'de> for VariablesVisitor {
            type Value = Variables;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("variables by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variables, A::Error> {
                let mut variables = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if !is_name(&name) {
                        return Err(A::Error::custom(format_args!("`{name}` is no name of a variable")));
                    }
                    let text = match value {
                        Value::String(text) => text,
                        Value::Number(number) => number.to_string(),
                        Value::Bool(truth) => truth.to_string(),
                        _ => return Err(A::Error::custom(format_args!("the variable {name} takes a text"))),
                    };
                    variables.insert(name, text);
                }
                Ok(Variables(variables))
            }
        }

        deserializer.deserialize_any(VariablesVisitor)
    }
}

/// The names that POSIX allows, whatever their case.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_letter) && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

impl JsonSchema for Variables {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("variables")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;
    use serde_json::{Value, json};

    #[test]
    fn variables_are_texts_with_a_name() {
        let read = |value: Value| serde_json::from_value::<Variables>(value);
        let written = read(json!({ "OMP_NUM_THREADS": 2, "A_1": "x", "_b": true })).expect("variables");
        assert_eq!(serde_json::to_value(&written).expect("texts"), json!({ "OMP_NUM_THREADS": "2", "A_1": "x", "_b": "true" }));
        for refused in
            [json!({ "1A": "x" }), json!({ "A=B": "x" }), json!({ "": "x" }), json!({ "A": null }), json!({ "A": ["x"] }), json!("A")]
        {
            assert!(read(refused.clone()).is_err(), "{refused}");
        }
    }
}
