//! Where a value came from.

use figment::{Metadata, Source};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value came from; a later variant wins over an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// This file of the user's own defaults for the machine.
    UserFile(PathBuf),
    /// This environment variable, with the file that sets it where one does.
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
            Self::UserFile(_) => "user_file",
            Self::Environment(_) => "environment",
            Self::Preset(_) => "preset",
            Self::File(_) => "file",
            Self::CommandLine(_) => "command_line",
        }
    }

    /// As figment keeps it beside the values of a layer.
    pub(crate) fn metadata(&self) -> Metadata {
        let metadata = Metadata::named(self.kind());
        match self {
            Self::Default => metadata,
            Self::UserFile(path) | Self::File(path) => metadata.source(Source::File(path.clone())),
            Self::Environment(detail) | Self::Preset(detail) | Self::CommandLine(detail) => metadata.source(Source::Custom(detail.clone())),
        }
    }

    /// The origin behind metadata of [`Self::metadata`].
    pub(crate) fn of(metadata: &Metadata) -> Self {
        match (metadata.name.as_ref(), metadata.source.as_ref()) {
            ("environment", Some(Source::Custom(variable))) => Self::Environment(variable.clone()),
            ("preset", Some(Source::Custom(name))) => Self::Preset(name.clone()),
            ("command_line", Some(Source::Custom(flag))) => Self::CommandLine(flag.clone()),
            ("file", Some(Source::File(path))) => Self::File(path.clone()),
            ("user_file", Some(Source::File(path))) => Self::UserFile(path.clone()),
            _ => Self::Default,
        }
    }

    /// The file that it stands in.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::UserFile(path) | Self::File(path) => Some(path),
            Self::Default | Self::Environment(_) | Self::Preset(_) | Self::CommandLine(_) => None,
        }
    }

    /// Which one of its kind: the variable, the preset, the file or the flag; `None` for what is built in.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::Environment(detail) | Self::Preset(detail) | Self::CommandLine(detail) => Some(detail.clone()),
            Self::UserFile(path) | Self::File(path) => Some(path.display().to_string()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Environment(variable) => write!(formatter, "environment variable {variable}"),
            Self::Preset(name) => write!(formatter, "preset {name}"),
            Self::UserFile(path) => write!(formatter, "user file {}", path.display()),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::CommandLine(flag) => formatter.write_str(flag),
        }
    }
}
