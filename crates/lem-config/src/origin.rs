//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from; a later variant wins over an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// This environment variable.
    Environment(String),
    /// This preset of experiments, or the decoder preset of this name.
    Preset(String),
    /// This configuration file.
    File(PathBuf),
    /// This flag of the command line.
    CommandLine(String),
}

impl Origin {
    /// The kind of place, as written in records.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment(_) => "environment",
            Self::Preset(_) => "preset",
            Self::File(_) => "file",
            Self::CommandLine(_) => "command_line",
        }
    }

    /// Which one of its kind: the variable, the preset, the file or the flag; `None` for what is built in.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::Environment(detail) | Self::Preset(detail) | Self::CommandLine(detail) => Some(detail.clone()),
            Self::File(path) => Some(path.display().to_string()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Environment(variable) => write!(formatter, "environment variable {variable}"),
            Self::Preset(name) => write!(formatter, "preset {name}"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::CommandLine(flag) => formatter.write_str(flag),
        }
    }
}
