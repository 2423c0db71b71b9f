//! Values by name whose names are not known beforehand: notes, and what is handed on to a server as it is written.

use lem_domain::spec::SettingValue;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// Values of any kind by name. Layers above add to those below, name by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table(pub(crate) Map<String, Value>);

/// A value of a document, as it is handed on.
pub(crate) fn setting_value(value: &Value) -> SettingValue {
    match value {
        Value::Null => SettingValue::Empty,
        Value::Bool(truth) => SettingValue::Truth(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => SettingValue::Whole(whole),
            (None, Some(real)) => SettingValue::Real(real),
            (None, None) => SettingValue::Text(number.to_string()),
        },
        Value::String(text) => SettingValue::Text(text.clone()),
        Value::Array(values) => SettingValue::List(values.iter().map(setting_value).collect()),
        Value::Object(values) => SettingValue::Table(values.iter().map(|(name, value)| (name.clone(), setting_value(value))).collect()),
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor;

        impl<'de> Visitor<'de> for TableVisitor {
            type Value = Table;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("values by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table, A::Error> {
                let mut values = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if name.is_empty() {
                        return Err(A::Error::custom("a name is empty"));
                    }
                    values.insert(name, value);
                }
                Ok(Table(values))
            }
        }

        deserializer.deserialize_any(TableVisitor)
    }
}

impl JsonSchema for Table {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("values by name")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_any_kind_are_kept_and_handed_on() {
        let written = json!({ "a": 1, "b": -0.5, "c": null, "d": [true, "x"], "e": { "f": 18_446_744_073_709_551_615_u64 } });
        let table: Table = serde_json::from_value(written.clone()).expect("names with values");
        assert_eq!(serde_json::to_value(&table).expect("values"), written);
        let handed: Vec<_> = table.0.values().map(setting_value).collect();
        let list = SettingValue::List(vec![SettingValue::Truth(true), SettingValue::Text("x".into())]);
        assert_eq!(handed[..4], [SettingValue::Whole(1), SettingValue::Real(-0.5), SettingValue::Empty, list]);
        for refused in [json!([1]), json!("a"), json!({ "": 1 })] {
            assert!(serde_json::from_value::<Table>(refused).is_err());
        }
    }
}
