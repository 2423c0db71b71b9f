//! Settings that are one word of a fixed list.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A closed list of words, each with its meaning.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// What the words name, without an article.
    const WHAT: &'static str;
    /// The words in the order of the documentation.
    const NAMES: &'static [&'static str];
    /// The meanings, in the order of [`Word::NAMES`].
    const MEANINGS: &'static [Self];
}

/// A word in a configuration, by its meaning.
///
/// Not a derived enum: figment would also take a number for the position of a variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice<W>(pub(crate) W);

impl<W: Word> Choice<W> {
    /// The word as written.
    pub(crate) fn name(self) -> &'static str {
        let mut pairs = W::NAMES.iter().zip(W::MEANINGS);
        pairs.find(|(_, meaning)| **meaning == self.0).map(|(name, _)| *name).expect("every meaning has its word, as a test holds")
    }

    /// The meaning of a word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        W::NAMES.iter().zip(W::MEANINGS).find(|(name, _)| **name == text).map(|(_, &meaning)| Self(meaning))
    }
}

impl<W: Word> Serialize for Choice<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de, W: Word> Deserialize<'de> for Choice<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoiceVisitor<W>(PhantomData<W>);

        impl<W: Word> Visitor<'_> for ChoiceVisitor<W> {
            type Value = Choice<W>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "one of `{}`", W::NAMES.join("`, `"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Choice::parse(text).ok_or_else(|| E::unknown_variant(text, W::NAMES))
            }
        }

        deserializer.deserialize_str(ChoiceVisitor(PhantomData))
    }
}

impl<W: Word> JsonSchema for Choice<W> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed(W::WHAT)
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": W::NAMES })
    }
}
