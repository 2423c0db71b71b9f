//! What a caller asks for: the layers, from the outside.

use lem_domain::Finding;
use serde_json::Value;
use std::path::PathBuf;

/// Everything a configuration is made from. The crate reads the files that are named and nothing else of its surroundings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Configuration file: `.yaml`, `.json` or `.toml`. It may build on others by `_extends`.
    pub file: Option<PathBuf>,
    /// File of the user's own defaults for this machine, above the built-in ones; it must be there when it is named.
    pub user_file: Option<PathBuf>,
    /// Name of a preset that file and flags build on.
    pub preset: Option<String>,
    /// Flags, the later one winning.
    pub overrides: Vec<Override>,
    /// Environment variables, the later one winning. `LEM_RESULTS_DIR` gives `io.results_dir`, unless it is empty, and so
    /// does its former name `LLM_ENERGY_RESULTS_DIR`; others are passed over.
    pub environment: Vec<Variable>,
    /// What must be known of how the flags were written.
    pub findings: Vec<Finding>,
    /// Let settings through that have no effect on the backend; each becomes a finding.
    pub force: bool,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The file that sets it, when it is not the environment itself.
    pub file: Option<PathBuf>,
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
