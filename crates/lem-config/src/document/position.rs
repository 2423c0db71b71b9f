//! Positions in a text, and those of all keys of a document.

use crate::tree;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

/// A position in a file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// The position of a byte of a text.
pub(super) fn of_byte(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// A key that knows where it stands.
pub(super) trait Placed {
    /// The key itself.
    fn name(&self) -> &str;

    /// Where it stands in the text that it was read from.
    fn position(&self, text: &str) -> Position;
}

/// The keys of a document, without its values.
pub(super) struct Keys<K>(Vec<(K, Keys<K>)>);

impl<K: Placed> Keys<K> {
    /// The positions of all keys by dotted path. A key that holds a dot is a mistake, which is looked up by its whole name.
    pub(super) fn positions(&self, text: &str) -> HashMap<String, Position> {
        let mut positions = HashMap::new();
        self.collect(text, "", &mut positions);
        positions
    }

    fn collect(&self, text: &str, section: &str, positions: &mut HashMap<String, Position>) {
        for (key, inner) in &self.0 {
            let path = tree::join(section, key.name());
            inner.collect(text, &path, positions);
            positions.insert(path, key.position(text));
        }
    }
}

impl<'de, K: Deserialize<'de>> Deserialize<'de> for Keys<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor<K>(PhantomData<K>);

        impl<'de, K: Deserialize<'de>> Visitor<'de> for KeysVisitor<K> {
            type Value = Keys<K>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys<K>, A::Error> {
                let mut keys = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    keys.push(entry);
                }
                Ok(Keys(keys))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys<K>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Keys(Vec::new()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }

            fn visit_str<E>(self, _: &str) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }

            fn visit_unit<E>(self) -> Result<Keys<K>, E> {
                Ok(Keys(Vec::new()))
            }
        }

        deserializer.deserialize_any(KeysVisitor(PhantomData))
    }
}
