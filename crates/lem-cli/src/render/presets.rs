//! Presets.

use super::out;
use super::summary::plain;
use lem_config::Preset;
use serde_json::Value;
use std::io;

/// All of them with what they are for, on stdout.
pub(crate) fn list(presets: &[Preset]) -> io::Result<()> {
    let mut table = plain(["preset", "for"]);
    for preset in presets {
        table.add_row([preset.name, preset.description]);
    }
    out::line(table.trim_fmt())
}

/// What one sets, on stdout.
pub(crate) fn one(preset: &Preset) -> io::Result<()> {
    out::line(format_args!("{}: {}\n", preset.name, preset.description))?;
    let mut table = plain(["setting", "value"]);
    for (path, value) in preset.settings {
        let value = Value::from(*value);
        table.add_row([(*path).to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]);
    }
    out::line(table.trim_fmt())
}
