//! YAML 1.2, with budgets: a configuration is small and flat, whatever is not is refused before it costs anything.

use super::SyntaxError;
use super::position::{Keys, Placed, Position};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{Error, Options, Spanned};
use std::collections::HashMap;

/// The document as a value.
pub(super) fn parse(text: &str) -> Result<Value, SyntaxError> {
    read(text).map_err(|error| SyntaxError { position: error.location().map(|at| position_of(&at)), message: message(&error) })
}

/// Where all keys stand, by dotted path; none when the reader does not tell.
pub(super) fn positions(text: &str) -> HashMap<String, Position> {
    read::<Keys<Spanned<String>>>(text).map_or_else(|_| HashMap::new(), |keys| keys.positions(text))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_saphyr::from_str_with_options(text, options())
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_documents: 1,
            max_nodes: 10_000,
            max_events: 100_000,
            max_aliases: 100,
            max_anchors: 100,
            max_recorded_anchor_events: 10_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000, max_replay_stack_depth: 16 },
        // `yes`, `010` and `1_000` mean different things to different readers: they stay text and fail as such.
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        emit_comments: false,
        with_snippet: false,
    }
}

/// The message without the position behind it and without the name of the library's own options.
fn message(error: &Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    text.split_once(", set DuplicateKeyPolicy").map_or(text, |(message, _)| message).to_owned()
}

fn position_of(at: &serde_saphyr::Location) -> Position {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Position { line: number(at.line()), column: number(at.column()) }
}

impl Placed for Spanned<String> {
    fn name(&self) -> &str {
        &self.value
    }

    fn position(&self, _: &str) -> Position {
        position_of(&self.referenced)
    }
}
