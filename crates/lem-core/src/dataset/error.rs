//! What can go wrong with a prompt source.

use lem_domain::protocol::{Fault, SeamError};
use std::io;
use std::path::PathBuf;

/// Why a prompt source gives no prompts.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file is not there or cannot be read.
    #[error("cannot read prompts from `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not text.
    #[error("line {line} of `{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Line of the first wrong byte, from 1.
        line: usize,
        /// Which bytes.
        #[source]
        source: std::str::Utf8Error,
    },
    /// The file has no line with a prompt.
    #[error("`{}` holds no prompt", path.display())]
    NoPrompt {
        /// The file.
        path: PathBuf,
    },
}

impl DatasetError {
    /// A path that leads to no file is a mistake in what was asked for; a file that is there but closed to us is not.
    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Fault::Usage,
                _ => Fault::Preflight,
            },
            Self::NotUtf8 { .. } | Self::NoPrompt { .. } => Fault::Usage,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "check `prompts.path`, or leave out `prompts` to use the built-in set",
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::NoPrompt { .. } => "write one prompt per line",
        }
    }
}

impl From<DatasetError> for SeamError {
    fn from(error: DatasetError) -> Self {
        let seam = Self::new(error.fault(), error.to_string()).with_hint(error.hint());
        match error {
            DatasetError::Unreadable { source, .. } => seam.because(source),
            DatasetError::NotUtf8 { source, .. } => seam.because(source),
            DatasetError::NoPrompt { .. } => seam,
        }
    }
}
