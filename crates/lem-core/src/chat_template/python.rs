//! What templates written for Python's Jinja expect beside Jinja itself.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// Marks which parts a trained model wrote; transformers' own extension, without effect on the text.
const GENERATION_MARKS: [(&str, &str); 2] = [("generation", "if true"), ("endgeneration", "endif")];

/// What a template says when it refuses a prompt.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

/// Adds functions, filters and the methods of Python's types.
pub(super) fn add_to(environment: &mut Environment<'static>, today: SystemTime, asked_for_date: Arc<AtomicBool>) {
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", to_json);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, "the template raised an exception").with_source(Refusal(message)))
    });
    environment.add_function("strftime_now", move |format: String| {
        asked_for_date.store(true, Ordering::Relaxed);
        format_date(&format, today)
    });
}

/// What a template said, if it is the template that ended the rendering.
pub(super) fn refusal(error: &Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(Refusal(message)) = error.downcast_ref() {
            return Some(message.clone());
        }
        cause = error.source();
    }
    None
}

/// The day in UTC, so that it does not depend on where a machine stands.
fn format_date(format: &str, today: SystemTime) -> Result<String, Error> {
    let failed = |error: jiff::Error| Error::new(ErrorKind::InvalidOperation, "cannot write the date").with_source(error);
    let now = Timestamp::try_from(today).map_err(failed)?.to_zoned_datetime(TimeZone::UTC);
    strtime::format(format, &now).map_err(failed)
}

/// As `json.dumps(value, ensure_ascii=False, indent=indent)` of Python, which puts a space behind every colon and comma.
fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let ensure_ascii: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    if ensure_ascii == Some(true) {
        return Err(Error::new(ErrorKind::InvalidOperation, "tojson cannot escape what is no ASCII"));
    }
    let written = match indent {
        Some(indent) => write_json(value, PrettyFormatter::with_indent(" ".repeat(indent.min(16)).as_bytes())),
        None => write_json(value, Spaced),
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, "cannot write JSON").with_source(error))
}

fn write_json(value: &Value, formatter: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))?;
    Ok(String::from_utf8(bytes).expect("JSON is written as UTF-8"))
}

/// JSON on one line, with a space behind every colon and comma.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// A template in which marks of generated parts are tags that Jinja knows.
pub(super) fn without_generation_marks(template: &str) -> String {
    let mut text = Cow::Borrowed(template);
    for (mark, tag) in GENERATION_MARKS {
        // A sign beside the delimiters removes white space outside the tag; it stays.
        for (open, close) in [("{%", "%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%-", "-%}"), ("{%+", "%}")] {
            text = text.replace(&format!("{open} {mark} {close}"), &format!("{open} {tag} {close}")).into();
        }
    }
    text.into_owned()
}
