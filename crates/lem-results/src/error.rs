//! What can go wrong with bundles, and what to do about it.

use crate::record::{FieldError, SchemaVersion};
use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::io;
use std::path::{Path, PathBuf};

/// A failure with a bundle or the folder that holds bundles.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// No experiment has this id or an id that starts with it.
    #[error("no experiment `{text}` in `{}`", root.display())]
    UnknownExperiment {
        /// What was asked for.
        text: String,
        /// The folder that was searched.
        root: PathBuf,
        /// Ids that are there: the nearest first, then the most recent.
        nearest: Vec<String>,
    },
    /// Several ids start with the text.
    #[error("`{text}` is the start of {} experiment ids", candidates.len())]
    AmbiguousId {
        /// What was asked for.
        text: String,
        /// The ids that start with it, in order.
        candidates: Vec<String>,
    },
    /// Another process runs the experiment.
    #[error("`{id}` is being run by another process")]
    Held {
        /// The experiment.
        id: String,
    },
    /// A bundle of this id is there already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The folder of the bundle.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk or the quota is full.
    #[error("no space left to write `{}`", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A raw record is not there.
    #[error("raw record `{}` is missing", path.display())]
    MissingRaw {
        /// The file, or the folder when it holds no record of any process.
        path: PathBuf,
    },
    /// A document that every bundle has is not there.
    #[error("`{}` is missing", path.display())]
    MissingDocument {
        /// The document.
        path: PathBuf,
    },
    /// A document is no JSON, or a field has the wrong type or an unknown name.
    #[error("`{}` is damaged at `{field}`", path.display())]
    Malformed {
        /// The document.
        path: PathBuf,
        /// Path of the field; `.` is the document as a whole.
        field: String,
        /// What the parser found.
        #[source]
        source: serde_json::Error,
    },
    /// A field is well formed and its value has no meaning.
    #[error("`{}` is damaged at `{field}`: {problem}", path.display())]
    Invalid {
        /// The document or stream.
        path: PathBuf,
        /// Path of the field, or name of the column.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value to be saved cannot be written down.
    #[error("`{}` was not written: {field}: {problem}", path.display())]
    Unrepresentable {
        /// The file that was to be written.
        path: PathBuf,
        /// Path of the field, or name of the column.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A document has a version that this program does not know.
    #[error(
        "`{}` has schema version {found}; this program reads {}.x to {}.x",
        path.display(),
        SchemaVersion::OLDEST_MAJOR,
        SchemaVersion::CURRENT.major
    )]
    UnknownVersion {
        /// The document.
        path: PathBuf,
        /// Its version.
        found: SchemaVersion,
    },
    /// A stream is no readable Parquet file, or could not be encoded as one.
    #[error("`{}` is not a readable stream", path.display())]
    Stream {
        /// The stream.
        path: PathBuf,
        /// What the codec said.
        #[source]
        source: BoxError,
    },
    /// The content of a file is not what its manifest or record says.
    #[error("`{}` was changed or damaged after it was written: its SHA-256 does not match", path.display())]
    DigestMismatch {
        /// The file.
        path: PathBuf,
    },
    /// A raw record was added after the bundle was sealed.
    #[error("`{}` is not in the manifest of its bundle", path.display())]
    Unlisted {
        /// The file.
        path: PathBuf,
    },
}

impl ResultsError {
    /// A failure to write `path`.
    pub(crate) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Unwritable { path, source },
        }
    }

    /// A failure to read `path`.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }

    /// A field of `path` that was read and has no meaning.
    pub(crate) fn invalid(path: &Path, FieldError { field, problem }: FieldError) -> Self {
        Self::Invalid { path: path.to_owned(), field, problem }
    }

    /// A field that cannot be written to `path`.
    pub(crate) fn unrepresentable(path: &Path, FieldError { field, problem }: FieldError) -> Self {
        Self::Unrepresentable { path: path.to_owned(), field, problem }
    }

    /// The file or folder that it is about; `None` when it is about an id.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::UnknownExperiment { .. } | Self::AmbiguousId { .. } | Self::Held { .. } => None,
            Self::Exists { path }
            | Self::Unwritable { path, .. }
            | Self::DiskFull { path, .. }
            | Self::Unreadable { path, .. }
            | Self::MissingRaw { path }
            | Self::MissingDocument { path }
            | Self::Malformed { path, .. }
            | Self::Invalid { path, .. }
            | Self::Unrepresentable { path, .. }
            | Self::UnknownVersion { path, .. }
            | Self::Stream { path, .. }
            | Self::DigestMismatch { path }
            | Self::Unlisted { path } => Some(path),
        }
    }

    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownExperiment { nearest, .. } if nearest.is_empty() => {
                "the folder holds no experiments; choose another one with `--results-dir`".to_owned()
            }
            Self::UnknownExperiment { nearest, .. } => format!("there are: {}", nearest.join(", ")),
            Self::AmbiguousId { candidates, .. } => format!("write more of it, to choose among: {}", candidates.join(", ")),
            Self::Held { .. } => "wait until it has ended; `state.json` in the bundle names the process".to_owned(),
            Self::Exists { .. } => "start again: every run gets a new id".to_owned(),
            Self::Unwritable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "the folder was removed or never made; check the results folder".to_owned()
            }
            Self::Unwritable { .. } => "choose a folder that you may write to with `--results-dir`".to_owned(),
            Self::DiskFull { .. } => "free some space, or choose a folder on another disk with `--results-dir`".to_owned(),
            Self::Unreadable { .. } => "check the permissions of the results folder".to_owned(),
            Self::MissingRaw { .. } => "the run did not get as far as saving it; `state.json` in the bundle says how it ended".to_owned(),
            Self::MissingDocument { .. } => "this folder is not a complete bundle; the run was killed while it was made".to_owned(),
            Self::Malformed { path, .. } | Self::Invalid { path, .. } | Self::DigestMismatch { path } | Self::Stream { path, .. } => {
                if path.ends_with(crate::layout::AGGREGATED) {
                    "delete it and derive the figures again; the raw records are not touched".to_owned()
                } else {
                    "restore the file from a copy of the bundle".to_owned()
                }
            }
            Self::UnknownVersion { .. } => "use the version of the program that wrote the bundle, or a newer one".to_owned(),
            Self::Unlisted { .. } => "move the file out of the bundle if it does not belong to this run".to_owned(),
            Self::Unrepresentable { .. } => return None,
        })
    }

    /// Whose fault it is.
    fn fault(&self) -> Fault {
        match self {
            Self::UnknownExperiment { .. } | Self::AmbiguousId { .. } => Fault::Usage,
            Self::Held { .. } | Self::Exists { .. } | Self::Unwritable { .. } => Fault::Preflight,
            Self::DiskFull { .. }
            | Self::Unreadable { .. }
            | Self::MissingRaw { .. }
            | Self::MissingDocument { .. }
            | Self::Malformed { .. }
            | Self::Invalid { .. }
            | Self::Unrepresentable { .. }
            | Self::UnknownVersion { .. }
            | Self::Stream { .. }
            | Self::DigestMismatch { .. }
            | Self::Unlisted { .. } => Fault::Run,
        }
    }

    fn into_cause(self) -> Option<BoxError> {
        match self {
            Self::Unwritable { source, .. } | Self::DiskFull { source, .. } | Self::Unreadable { source, .. } => Some(source.into()),
            Self::Malformed { source, .. } => Some(source.into()),
            Self::Stream { source, .. } => Some(source),
            Self::UnknownExperiment { .. }
            | Self::AmbiguousId { .. }
            | Self::Held { .. }
            | Self::Exists { .. }
            | Self::MissingRaw { .. }
            | Self::MissingDocument { .. }
            | Self::Invalid { .. }
            | Self::Unrepresentable { .. }
            | Self::UnknownVersion { .. }
            | Self::DigestMismatch { .. }
            | Self::Unlisted { .. } => None,
        }
    }
}

impl From<ResultsError> for SeamError {
    fn from(error: ResultsError) -> Self {
        Self { fault: error.fault(), what: error.to_string(), hint: error.hint(), source: error.into_cause() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_crosses_the_seam_with_its_place_its_cause_and_a_hint() {
        let check = |kind: io::ErrorKind, fault: Fault, hint: &str| {
            let seam = SeamError::from(ResultsError::writing(Path::new("results/x"), io::Error::from(kind)));
            assert_eq!(seam.fault, fault);
            assert!(seam.what.contains("results/x") && seam.source.is_some(), "{seam:?}");
            assert!(seam.hint.as_deref().is_some_and(|text| text.contains(hint)), "{seam:?}");
        };
        check(io::ErrorKind::PermissionDenied, Fault::Preflight, "may write");
        check(io::ErrorKind::ReadOnlyFilesystem, Fault::Preflight, "may write");
        check(io::ErrorKind::StorageFull, Fault::Run, "free some space");
        check(io::ErrorKind::QuotaExceeded, Fault::Run, "free some space");
        check(io::ErrorKind::NotFound, Fault::Preflight, "removed");
    }
}
