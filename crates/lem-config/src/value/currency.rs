//! A currency by its letters.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Three letters of ISO 4217, read in either case and written as capitals. Whether a currency of these letters exists
/// is not checked: the letters label a price and nothing is computed from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Currency(pub(crate) String);

impl Currency {
    fn parse(text: &str) -> Option<Self> {
        let is_code = text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_alphabetic());
        is_code.then(|| Self(text.to_ascii_uppercase()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CurrencyVisitor;

        impl Visitor<'_> for CurrencyVisitor {
            type Value = Currency;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("three letters of ISO 4217, such as `EUR`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Currency, E> {
                Currency::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(CurrencyVisitor)
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("currency")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "title": "currency", "type": "string", "examples": ["EUR"], "pattern": "^[A-Za-z]{3}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::Currency;

    #[test]
    fn three_letters_are_a_currency() {
        for (text, letters) in [("EUR", Some("EUR")), ("usd", Some("USD")), ("€", None), ("euro", None), ("E1R", None), ("", None)] {
            assert_eq!(Currency::parse(text).map(|currency| currency.0).as_deref(), letters, "{text}");
        }
    }
}
