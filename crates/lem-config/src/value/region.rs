//! A region whose grid is in the table of the domain.

use crate::suggest;
use lem_domain::impact::{GridRow, regions};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

/// A region by its code, which is read in either case and written as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region(pub(crate) &'static str);

static CODES: LazyLock<Vec<&'static str>> = LazyLock::new(|| regions().map(|row| row.code).collect());

impl Region {
    fn parse(text: &str) -> Option<Self> {
        CODES.iter().find(|code| code.eq_ignore_ascii_case(text)).map(|code| Self(code))
    }

    /// What a text that is no code most likely means: the region of this name, of the code that it begins, or of a code
    /// near it.
    pub(crate) fn meant(text: &str) -> Option<&'static GridRow> {
        let lower = text.trim().to_lowercase();
        let begins = |row: &&GridRow| lower.len() == 2 && row.code.to_lowercase().starts_with(&lower);
        nearest(&lower, |row| row.name).or_else(|| regions().find(begins)).or_else(|| nearest(&lower, |row| row.code))
    }
}

/// The region of which a text in small letters is nearest.
fn nearest(typed: &str, text: impl Fn(&'static GridRow) -> &'static str) -> Option<&'static GridRow> {
    let texts: Vec<String> = regions().map(|row| text(row).to_lowercase()).collect();
    let near = suggest::nearest(typed, texts.iter().map(String::as_str))?;
    regions().zip(&texts).find(|(_, text)| *text == near).map(|(row, _)| row)
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RegionVisitor;

        impl Visitor<'_> for RegionVisitor {
            type Value = Region;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a country in three letters of ISO 3166, such as `FRA`, or `world`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Region, E> {
                Region::parse(text).ok_or_else(|| E::unknown_variant(text, CODES.as_slice()))
            }
        }

        deserializer.deserialize_str(RegionVisitor)
    }
}

impl JsonSchema for Region {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("region")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The list is what an editor offers; the pattern lets the codes through that are written small.
        json_schema!({ "type": "string", "anyOf": [{ "enum": CODES.as_slice() }, { "pattern": "^[A-Za-z]{3}$" }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_either_case() {
        for (text, code) in [("FRA", Some("FRA")), ("fra", Some("FRA")), ("World", Some("world")), ("FR", None), ("", None)] {
            assert_eq!(Region::parse(text).map(|region| region.0), code, "{text}");
        }
    }

    #[test]
    fn names_and_slips_lead_to_a_code() {
        for (text, code) in [
            ("France", Some("FRA")),
            ("germany", Some("DEU")),
            ("Unted Kingdom", Some("GBR")),
            ("US", Some("USA")),
            ("de", Some("DEU")),
            ("wrold", Some("world")),
            ("DUE", Some("DEU")),
            ("eu-west-1", None),
            ("", None),
        ] {
            assert_eq!(Region::meant(text).map(|row| row.code), code, "{text}");
        }
    }
}
