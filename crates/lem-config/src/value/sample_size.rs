//! How many prompts: a count or the word `all`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

/// How many prompts a run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleSize {
    /// Every prompt of the source.
    All,
    /// At most this many.
    Count(NonZeroUsize),
}

const ALL: &str = "all";

impl Serialize for SampleSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str(ALL),
            Self::Count(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SampleSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SampleSizeVisitor;

        impl Visitor<'_> for SampleSizeVisitor {
            type Value = SampleSize;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number from 1 up, or `all`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SampleSize, E> {
                if text == ALL { Ok(SampleSize::All) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<SampleSize, E> {
                let count = usize::try_from(number).ok().and_then(NonZeroUsize::new);
                count.map(SampleSize::Count).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<SampleSize, E> {
                // Some formats hand over every whole number signed.
                u64::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
                    .and_then(|number| self.visit_u64(number))
            }
        }

        deserializer.deserialize_any(SampleSizeVisitor)
    }
}

impl JsonSchema for SampleSize {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("sample size")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "type": "integer", "minimum": 1 }, { "const": ALL }] })
    }
}
