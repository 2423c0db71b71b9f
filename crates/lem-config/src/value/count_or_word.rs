//! A whole number, or a word in its place.

use super::{Choice, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A whole number from 0 up, or a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CountOr<W> {
    Count(u32),
    Word(Choice<W>),
}

impl<W: Word> Serialize for CountOr<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::Word(word) => word.serialize(serializer),
        }
    }
}

impl<'de, W: Word> Deserialize<'de> for CountOr<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountOrVisitor<W>(PhantomData<W>);

        impl<W: Word> Visitor<'_> for CountOrVisitor<W> {
            type Value = CountOr<W>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a whole number, or `{}`", W::NAMES.join("`, `"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Choice::parse(text).map(CountOr::Word).ok_or_else(|| E::unknown_variant(text, W::NAMES))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                u32::try_from(number).map(CountOr::Count).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                // Some formats hand over every whole number signed.
                u32::try_from(number).map(CountOr::Count).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
            }
        }

        deserializer.deserialize_any(CountOrVisitor(PhantomData))
    }
}

impl<W: Word> JsonSchema for CountOr<W> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed(W::WHAT)
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "type": "integer", "minimum": 0, "maximum": u32::MAX }, { "type": "string", "enum": W::NAMES }] })
    }
}
