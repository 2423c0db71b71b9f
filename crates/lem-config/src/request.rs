//! What a caller asks for: the layers, from the outside.

use serde_json::Value;
use std::path::PathBuf;

/// Everything a configuration is made from. The crate reads the file and nothing else of its surroundings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Configuration file: `.yaml`, `.json` or `.toml`.
    pub file: Option<PathBuf>,
    /// Name of a preset that file and flags build on.
    pub preset: Option<String>,
    /// Flags, the later one winning.
    pub overrides: Vec<Override>,
    /// Environment variables by name and value. `LEM_RESULTS_DIR` gives `io.results_dir`, unless it is empty; others
    /// are passed over.
    pub environment: Vec<(String, String)>,
    /// Let settings through that have no effect on the backend; each becomes a finding.
    pub force: bool,
}

/// One setting from the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Dotted path of the setting.
    pub path: String,
    /// Its value.
    pub value: Value,
    /// The flag as typed, for messages and provenance.
    pub flag: String,
}
