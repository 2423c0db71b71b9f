//! TOML.

use super::SyntaxError;
use super::position::{self, Keys, Placed, Position};
use serde_json::Value;
use std::collections::HashMap;
use toml::Spanned;

/// The document as a value.
pub(super) fn parse(text: &str) -> Result<Value, SyntaxError> {
    toml::from_str::<toml::Table>(text).map(|table| plain(toml::Value::Table(table))).map_err(|error| SyntaxError {
        position: error.span().map(|span| position::of_byte(text, span.start)),
        message: error.message().trim_end().replace('\n', ", "),
    })
}

/// Where all keys stand, by dotted path; none when the reader does not tell.
pub(super) fn positions(text: &str) -> HashMap<String, Position> {
    toml::from_str::<Keys<Spanned<String>>>(text).map_or_else(|_| HashMap::new(), |keys| keys.positions(text))
}

/// No setting is a date or not finite: such values become text, and fail as what they look like.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number),
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(values) => values.into_iter().map(plain).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, plain(value))).collect(),
    }
}

impl Placed for Spanned<String> {
    fn name(&self) -> &str {
        self.get_ref()
    }

    fn position(&self, text: &str) -> Position {
        position::of_byte(text, self.span().start)
    }
}
