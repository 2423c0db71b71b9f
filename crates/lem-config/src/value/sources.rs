//! Sources of energy readings: one word, or a list of sources.

use super::{Choice, Word};
use crate::check;
use lem_domain::spec::{EnergyChoice, EnergySource};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use validator::ValidationError;

/// A word in the place of energy sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceWord {
    /// Every sensor that works.
    Auto,
    /// This source.
    Source(EnergySource),
    /// No sensor.
    None,
}

/// Energy sources as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sources {
    /// One word.
    Word(Choice<SourceWord>),
    /// Several words, or one between brackets. [`Sources::check`] tells whether the list makes sense.
    List(Vec<Choice<SourceWord>>),
}

/// Code of a validation error: a source stands in a list twice.
pub(crate) const REPEATED: &str = "source_repeated";

/// Code of a validation error: a word that is no source stands in a list.
pub(crate) const NOT_A_SOURCE: &str = "not_a_source";

impl Sources {
    /// Whether the sources of a list are sources, each of them once.
    pub(crate) fn check(&self) -> Result<(), ValidationError> {
        let Self::List(words) = self else { return Ok(()) };
        for (position, word) in words.iter().enumerate() {
            let name = word.name();
            if !matches!(word.0, SourceWord::Source(_)) {
                return Err(ValidationError::new(NOT_A_SOURCE).with_message(format!("`{name}` stands in a list of sources").into()));
            }
            if words[..position].contains(word) {
                return Err(ValidationError::new(REPEATED).with_message(format!("`{name}` stands in the list twice").into()));
            }
        }
        Ok(())
    }

    /// What they mean.
    pub(crate) fn choice(&self) -> EnergyChoice {
        match self {
            Self::Word(Choice(SourceWord::Auto)) => EnergyChoice::Auto,
            Self::Word(Choice(SourceWord::None)) => EnergyChoice::None,
            Self::Word(Choice(SourceWord::Source(source))) => EnergyChoice::Only(vec![*source]),
            Self::List(words) => {
                // Words that are no sources are refused when the list is checked.
                let source = |word: &Choice<SourceWord>| if let SourceWord::Source(source) = word.0 { Some(source) } else { None };
                EnergyChoice::Only(words.iter().filter_map(source).collect())
            }
        }
    }

    fn of_list<E: Error>(words: Vec<Choice<SourceWord>>) -> Result<Self, E> {
        if words.is_empty() { Err(E::custom("an empty list names no source; write `none`")) } else { Ok(Self::List(words)) }
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => formatter.write_str(word.name()),
            Self::List(words) => write!(formatter, "[{}]", words.iter().map(|word| word.name()).collect::<Vec<_>>().join(", ")),
        }
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A list of one says the same as its word.
            Self::Word(word) => word.serialize(serializer),
            Self::List(words) if words.len() == 1 => words[0].serialize(serializer),
            Self::List(words) => words.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SourcesVisitor;

        fn word<E: Error>(text: &str) -> Result<Choice<SourceWord>, E> {
            Choice::parse(text).ok_or_else(|| E::unknown_variant(text, SourceWord::NAMES))
        }

        impl<'de> Visitor<'de> for SourcesVisitor {
            type Value = Sources;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "one of `{}`, or a list of sources", SourceWord::NAMES.join("`, `"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Sources, E> {
                // A command line writes a list with commas.
                if text.contains(',') {
                    let words: Result<Vec<_>, E> = text.split(',').map(|name| word(name.trim())).collect();
                    Sources::of_list(words?)
                } else {
                    word(text).map(Sources::Word)
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sources, A::Error> {
                let mut words = Vec::new();
                while let Some(value) = seq.next_element::<Value>()? {
                    let Value::String(name) = &value else {
                        return Err(A::Error::custom(format!("a source is a word, found {}", check::describe(&value))));
                    };
                    words.push(word(name)?);
                }
                Sources::of_list(words)
            }
        }

        deserializer.deserialize_any(SourcesVisitor)
    }
}

impl JsonSchema for Sources {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("energy sources")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let sources: Vec<_> = EnergySource::ALL.iter().map(|source| source.as_str()).collect();
        json_schema!({ "oneOf": [
            { "type": "string", "enum": SourceWord::NAMES },
            { "type": "array", "items": { "enum": sources }, "minItems": 1, "uniqueItems": true },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EnergySource::{Estimate, Nvml, Rapl};
    use serde_json::json;

    fn read(value: &Value) -> Result<Sources, String> {
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())
    }

    fn check(value: &Value, choice: &EnergyChoice, written: &Value) {
        let sources = read(value).expect("well-formed");
        assert_eq!(sources.check(), Ok(()), "{value}");
        assert_eq!(&sources.choice(), choice, "{value}");
        let again = serde_json::to_value(&sources).expect("words");
        assert_eq!(&again, written, "{value}");
        assert_eq!(&read(&again).expect("read back").choice(), choice, "{value}");
    }

    #[test]
    fn words_lists_and_texts_with_commas_are_sources() {
        check(&json!("auto"), &EnergyChoice::Auto, &json!("auto"));
        check(&json!("none"), &EnergyChoice::None, &json!("none"));
        check(&json!("estimate"), &EnergyChoice::Only(vec![Estimate]), &json!("estimate"));
        check(&json!(["nvml"]), &EnergyChoice::Only(vec![Nvml]), &json!("nvml"));
        check(&json!(["rapl", "nvml"]), &EnergyChoice::Only(vec![Rapl, Nvml]), &json!(["rapl", "nvml"]));
        check(&json!("nvml, rapl"), &EnergyChoice::Only(vec![Nvml, Rapl]), &json!(["nvml", "rapl"]));
    }

    #[test]
    fn a_list_holds_each_source_once_and_nothing_else() {
        let code = |value: Value| read(&value).expect("readable").check().expect_err("refused").code;
        assert_eq!(code(json!(["nvml", "rapl", "nvml"])), REPEATED);
        assert_eq!(code(json!("rapl,rapl")), REPEATED);
        assert_eq!(code(json!(["auto"])), NOT_A_SOURCE);
        assert_eq!(code(json!("nvml,none")), NOT_A_SOURCE);
    }

    #[test]
    fn what_is_no_list_of_words_says_why() {
        let refused = |value: Value, message: &str| assert_eq!(read(&value), Err(message.to_owned()));
        refused(json!([]), "an empty list names no source; write `none`");
        refused(json!(["nvml", 1]), "a source is a word, found the number 1");
        assert!(read(&json!("nvml,")).is_err_and(|message| message.starts_with("unknown variant ``")));
        assert!(read(&json!(true)).is_err_and(|message| message.contains("or a list of sources")));
    }
}
