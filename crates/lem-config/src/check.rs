//! Whether a value fits its setting: type, form and bounds, one setting at a time so that every mistake is told.

use crate::section::{Invalid, Section};
use crate::sections::Settings;
use crate::value::{NOT_A_SOURCE, REPEATED, Region, TextList};
use crate::violation::RuleCode;
use crate::{former, suggest, tree};
use figment::error::Kind;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::LazyLock;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: RuleCode,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// The built-in values as a document.
pub(crate) static BUILT_IN: LazyLock<Value> = LazyLock::new(|| Settings::default().document());

/// Checks the value of the setting at `path`, and gives it as layers hold it; `None` when there is no such setting.
pub(crate) fn leaf(path: &str, value: &Value) -> Option<Result<figment::value::Value, Fault>> {
    // Whatever JSON can hold, figment can.
    let kept = figment::value::Value::serialize(value).expect("a JSON value");
    let checked = Settings::check(path, &kept)?;
    Some(checked.map(|()| kept).map_err(|invalid| fault(path, value, invalid)))
}

fn fault(path: &str, value: &Value, invalid: Invalid) -> Fault {
    match invalid {
        // Every setting may be left out, but only one that is empty by default may be written as empty.
        Invalid::Empty => {
            let default = tree::get(&BUILT_IN, path).map_or_else(String::new, |default| format!(", then it is {default}"));
            let message = "expected a value, found null".to_owned();
            Fault { code: RuleCode::WrongType, message, hint: Some(format!("leave it out{default}")) }
        }
        Invalid::Unreadable(kind) => unreadable(path, value, kind),
        Invalid::OutOfBounds(errors) => match first(&errors) {
            Some(error) => out_of_bounds(path, value, error),
            None => Fault { code: RuleCode::OutOfBounds, message: errors.to_string(), hint: None },
        },
    }
}

/// The value in the words of a message.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => format!("`{truth}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a section".to_owned(),
    }
}

fn unreadable(path: &str, value: &Value, kind: Kind) -> Fault {
    let expected_found = |expected: &str| format!("expected {}, found {}", plain(expected), describe(value));
    match kind {
        Kind::UnknownVariant(word, known) => Fault {
            code: RuleCode::UnknownWord,
            message: format!("unknown word `{word}`, known: {}", listed(known)),
            hint: word_hint(path, &word, known),
        },
        Kind::InvalidType(_, expected) => {
            Fault { code: RuleCode::WrongType, message: expected_found(&expected), hint: type_hint(&expected, value) }
        }
        Kind::InvalidValue(_, expected) => Fault { code: RuleCode::Unreadable, message: expected_found(&expected), hint: None },
        Kind::Message(message) => Fault { code: RuleCode::Unreadable, message, hint: None },
        other => Fault { code: RuleCode::WrongType, message: figment::Error::from(other).to_string(), hint: None },
    }
}

/// The words, or the first of very many.
fn listed(words: &[&str]) -> String {
    const MOST: usize = 12;
    const FIRST: usize = 3;
    if words.len() <= MOST { words.join(", ") } else { format!("{} and {} more", words[..FIRST].join(", "), words.len() - FIRST) }
}

fn word_hint(path: &str, word: &str, known: &[&str]) -> Option<String> {
    if let Some(hint) = former::word_hint(path, word) {
        return Some(hint.to_owned());
    }
    if path == "impact.region" {
        let or_own = "a region is a country in three letters, such as `FRA`, or `world`; your own figure goes in `impact.grid_intensity`";
        return Some(Region::meant(word).map_or_else(|| or_own.to_owned(), |row| format!("did you mean `{}` ({})?", row.code, row.name)));
    }
    suggest::nearest(word, known.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}

/// serde's names of types, in the words of a user.
fn plain(expected: &str) -> Cow<'_, str> {
    match expected {
        "u32" => Cow::Owned(format!("a whole number from 0 to {}", u32::MAX)),
        "u64" => Cow::Owned(format!("a whole number from 0 to {}", u64::MAX)),
        "f64" => Cow::Borrowed("a number"),
        "a boolean" => Cow::Borrowed("`true` or `false`"),
        "a string" => Cow::Borrowed("a text"),
        other => Cow::Borrowed(other),
    }
}

fn type_hint(expected: &str, value: &Value) -> Option<String> {
    match (expected, value) {
        ("a string" | TextList::EXPECTED, Value::Number(_) | Value::Bool(_)) => Some(format!("put it in quotes: `\"{value}\"`")),
        ("u32" | "u64" | "f64", Value::String(text)) if text.parse().is_ok_and(f64::is_finite) => {
            Some(format!("write it without quotes: `{text}`"))
        }
        ("a boolean", Value::String(text)) if text.eq_ignore_ascii_case("yes") || text.eq_ignore_ascii_case("on") => {
            Some("write `true`".to_owned())
        }
        ("a boolean", Value::String(text)) if text.eq_ignore_ascii_case("no") || text.eq_ignore_ascii_case("off") => {
            Some("write `false`".to_owned())
        }
        _ => None,
    }
}

/// The one error of a document that holds one setting.
fn first(errors: &ValidationErrors) -> Option<&ValidationError> {
    errors.errors().values().find_map(|kind| match kind {
        ValidationErrorsKind::Field(errors) => errors.first(),
        ValidationErrorsKind::Struct(inner) => first(inner),
        ValidationErrorsKind::List(_) => None,
    })
}

fn out_of_bounds(path: &str, value: &Value, error: &ValidationError) -> Fault {
    let own_words = || error.message.as_deref().unwrap_or_default().to_owned();
    let hint = |text: &str| Some(text.to_owned());
    match error.code.as_ref() {
        REPEATED => Fault { code: RuleCode::SourceRepeated, message: own_words(), hint: hint("name each source once") },
        NOT_A_SOURCE => {
            Fault { code: RuleCode::NotASource, message: own_words(), hint: hint("write it alone, without a list, or list sources only") }
        }
        _ => Fault {
            code: RuleCode::OutOfBounds,
            message: bounds_of(value, error),
            // The usual slip is a figure in kilograms.
            hint: (path == "impact.grid_intensity").then(|| "it is in grams of CO2 equivalent per kilowatt-hour".to_owned()),
        },
    }
}

fn bounds_of(value: &Value, error: &ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(|bound| bound.as_str().map_or_else(|| bound.to_string(), str::to_owned));
    let unit = if error.code == "length" { " characters" } else { "" };
    let lower = match (bound("min"), bound("exclusive_min")) {
        (Some(min), _) => Some(format!("at least {min}")),
        (None, Some(min)) => Some(format!("above {min}")),
        (None, None) => None,
    };
    let upper = bound("max").map(|max| format!("at most {max}"));
    let bounds: Vec<_> = lower.into_iter().chain(upper).collect();
    let subject = match value {
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) if error.code == "length" => format!("a text of {} characters", text.chars().count()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{subject} is out of bounds: {}{unit}", bounds.join(" and "))
}
