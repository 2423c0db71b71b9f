//! Texts: one, or a list of them.

use crate::check;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Texts, none of them empty. One that is written without brackets is a list of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TextList(pub(crate) Vec<String>);

impl TextList {
    /// What it is, in the words of a message.
    pub(crate) const EXPECTED: &'static str = "a text or a list of texts";
}

impl Serialize for TextList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextListVisitor;

        fn text<E: Error>(text: &str) -> Result<String, E> {
            if text.is_empty() { Err(E::custom("an empty text is found everywhere; leave it out")) } else { Ok(text.to_owned()) }
        }

        impl<'de> Visitor<'de> for TextListVisitor {
            type Value = TextList;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(TextList::EXPECTED)
            }

            fn visit_str<E: Error>(self, one: &str) -> Result<TextList, E> {
                Ok(TextList(vec![text(one)?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TextList, A::Error> {
                let mut texts = Vec::new();
                while let Some(value) = seq.next_element::<Value>()? {
                    let Value::String(one) = &value else {
                        return Err(A::Error::custom(format!("expected a text, found {}", check::describe(&value))));
                    };
                    texts.push(text(one)?);
                }
                Ok(TextList(texts))
            }
        }

        deserializer.deserialize_any(TextListVisitor)
    }
}

impl JsonSchema for TextList {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("texts")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string", "minLength": 1 } },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Result<TextList, String> {
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())
    }

    fn check(value: &Value, texts: &[&str]) {
        let list = read(value).expect("well-formed");
        assert_eq!(list.0, texts, "{value}");
        assert_eq!(serde_json::to_value(&list).expect("texts"), json!(texts), "{value}");
    }

    #[test]
    fn a_text_or_a_list_of_texts_is_a_list() {
        check(&json!("END"), &["END"]);
        check(&json!(" , \n"), &[" , \n"]);
        check(&json!(["\n\n", "7"]), &["\n\n", "7"]);
        check(&json!([]), &[]);
    }

    #[test]
    fn what_is_no_text_or_an_empty_one_says_why() {
        let refused = |value: Value, message: &str| assert_eq!(read(&value), Err(message.to_owned()));
        refused(json!(["a", 7]), "expected a text, found the number 7");
        refused(json!(""), "an empty text is found everywhere; leave it out");
        refused(json!(["a", ""]), "an empty text is found everywhere; leave it out");
        assert!(read(&json!(7)).is_err_and(|message| message.contains(TextList::EXPECTED)));
    }
}
