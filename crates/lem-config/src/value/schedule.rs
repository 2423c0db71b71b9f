//! When something is run again: a time of the day, and days of the week.

use super::{Choice, Word};
use lem_domain::spec::{TimeOfDay, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A time of the day, as `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) TimeOfDay);

impl Time {
    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |digits: &str, most: u8| {
            let is_number = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            digits.parse().ok().filter(|number| is_number && *number <= most)
        };
        Some(Self(TimeOfDay { hour: number(hour, 23)?, minute: number(minute, 59)? }))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0.hour, self.0.minute)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;

        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time of the day in quotes, such as \"06:30\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(TimeVisitor)
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("time of the day")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "title": "time of the day", "type": "string", "examples": ["06:30"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" })
    }
}

/// A word for days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayWord(pub(crate) &'static [Weekday]);

use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};

impl Word for DayWord {
    const WHAT: &'static str = "day of the week";
    const NAMES: &'static [&'static str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekdays", "weekends"];
    const MEANINGS: &'static [Self] = &[
        Self(&[Monday]),
        Self(&[Tuesday]),
        Self(&[Wednesday]),
        Self(&[Thursday]),
        Self(&[Friday]),
        Self(&[Saturday]),
        Self(&[Sunday]),
        Self(&[Monday, Tuesday, Wednesday, Thursday, Friday]),
        Self(&[Saturday, Sunday]),
    ];
}

/// Days of the week: a list of words, or a text with commas between them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Days(Vec<Choice<DayWord>>);

impl Days {
    /// The days, each once and in order.
    pub(crate) fn weekdays(&self) -> Vec<Weekday> {
        let mut days: Vec<_> = self.0.iter().flat_map(|word| word.0.0).copied().collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DaysVisitor;

        impl<'de> Visitor<'de> for DaysVisitor {
            type Value = Days;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a list of `{}`", DayWord::NAMES.join("`, `"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Days, E> {
                let word = |name: &str| Choice::parse(name.trim()).ok_or_else(|| E::unknown_variant(name.trim(), DayWord::NAMES));
                text.split(',').map(word).collect::<Result<_, E>>().map(Days)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Days, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Days(words))
            }
        }

        deserializer.deserialize_any(DaysVisitor)
    }
}

impl JsonSchema for Days {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("days of the week")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string", "enum": DayWord::NAMES } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_have_two_digits_each() {
        for text in ["00:00", "06:30", "23:59"] {
            assert_eq!(Time::parse(text).map(|time| time.to_string()).as_deref(), Some(text));
        }
        for text in ["24:00", "6:30", "06:60", "0630", "06:30:00", "+6:30", ""] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_words_or_a_text_of_them() {
        let days = |value| serde_json::from_value::<Days>(value).map(|days| days.weekdays()).ok();
        assert_eq!(days(json!(["sun", "mon"])), Some(vec![Monday, Sunday]));
        assert_eq!(days(json!("weekends, sat")), Some(vec![Saturday, Sunday]));
        assert_eq!(days(json!("weekdays")).map(|days| days.len()), Some(5));
        assert_eq!(days(json!("funday")), None);
        assert_eq!(days(json!(3)), None);
    }
}
