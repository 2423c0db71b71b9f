//! Configuration files: one document in YAML, TOML or JSON, read whole and with a limit.

mod chain;
mod json;
mod position;
mod toml;
mod yaml;

pub(crate) use chain::read_chain;
pub use position::Position;

use crate::error::ConfigError;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A configuration that is longer is something else.
const MAX_BYTES: u64 = 1 << 20;

/// The formats, by the ending of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Toml,
    Json,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
            Self::Json => "JSON",
        }
    }
}

/// Why a text is no document of its format.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// Where reading stopped.
    pub(crate) position: Option<Position>,
    /// What the format's reader says, without the position.
    pub(crate) message: String,
}

/// A document with its text, in which positions are looked up when a message needs one.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) values: Map<String, Value>,
    format: Format,
    text: String,
    positions: OnceLock<HashMap<String, Position>>,
}

impl Document {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let format = Format::of(path).ok_or_else(|| ConfigError::UnknownExtension { file: path.to_owned() })?;
        let text = read_text(path)?;
        let parsed = match format {
            Format::Yaml => yaml::parse(&text),
            Format::Toml => toml::parse(&text),
            Format::Json => json::parse(&text),
        };
        let value = parsed.map_err(|error| ConfigError::Syntax {
            file: path.to_owned(),
            format: format.name(),
            position: error.position,
            source: error.message.into(),
        })?;
        let values = match value {
            Value::Object(values) => values,
            // A file of comments alone.
            Value::Null => Map::new(),
            _ => return Err(ConfigError::NotSettings { file: path.to_owned() }),
        };
        Ok(Self { path: path.to_owned(), values, format, text, positions: OnceLock::new() })
    }

    /// Where the key at a dotted path stands; `None` when the format's reader does not tell.
    pub(crate) fn position(&self, path: &str) -> Option<Position> {
        let read = || match self.format {
            // JSON is YAML in flow style; its own reader keeps no positions.
            Format::Yaml | Format::Json => yaml::positions(&self.text),
            Format::Toml => toml::positions(&self.text),
        };
        self.positions.get_or_init(read).get(path).copied()
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { file: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigError::TooLarge { file: path.to_owned(), limit_bytes: MAX_BYTES });
    }
    let text = String::from_utf8(bytes).map_err(|source| ConfigError::NotText { file: path.to_owned(), source: source.utf8_error() })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
