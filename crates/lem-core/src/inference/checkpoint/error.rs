//! What can be wrong with a model's files.

use lem_domain::protocol::{Fault, SeamError};
use std::path::PathBuf;

/// A checkpoint that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what its name says, or cut off.
    #[error("`{}` is not sound: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where in the file.
        problem: String,
    },
    /// A key of the metadata is missing, of another type, or outside sane bounds.
    #[error("metadata `{key}` of the model {problem}")]
    Metadata {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor is missing, or has another shape than the metadata says.
    #[error("tensor `{name}` of the model {problem}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An adapter does not fit the model, or is none that can be merged.
    #[error("{place} of the adapter {problem}")]
    Adapter {
        /// Which tensor, setting or part of the model.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A model of a family that this engine does not run.
    #[error("the model's architecture is `{found}`, which the candle engine does not run")]
    Architecture {
        /// As its metadata says.
        found: String,
        /// What it runs.
        supported: Vec<&'static str>,
    },
    /// A model with a part that this engine does not run; running it without would give wrong tokens.
    #[error("the candle engine does not run models with {feature}")]
    Unsupported {
        /// The part.
        feature: String,
    },
    /// There is no memory for the weights where they run.
    #[error("cannot put the weights on the device")]
    Placement(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CheckpointError {
    pub(crate) fn metadata(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Metadata { key: key.into(), problem: problem.into() }
    }

    pub(crate) fn tensor(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Tensor { name: name.into(), problem: problem.into() }
    }

    pub(crate) fn adapter(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Adapter { place: place.into(), problem: problem.into() }
    }

    pub(crate) fn unsupported(feature: impl Into<String>) -> Self {
        Self::Unsupported { feature: feature.into() }
    }
}

impl From<CheckpointError> for SeamError {
    fn from(error: CheckpointError) -> Self {
        let what = error.to_string();
        match error {
            CheckpointError::Read { source, .. } => {
                let fault = if source.kind() == std::io::ErrorKind::NotFound { Fault::Usage } else { Fault::Preflight };
                Self::new(fault, what).because(source).with_hint("check the path and its permissions")
            }
            CheckpointError::Damaged { .. } | CheckpointError::Metadata { .. } | CheckpointError::Tensor { .. } => {
                Self::new(Fault::Preflight, what).with_hint("fetch the file again and compare its SHA-256 with the publisher's")
            }
            CheckpointError::Adapter { .. } => {
                Self::new(Fault::Usage, what).with_hint("name a LoRA adapter that was trained on this very model, or leave `adapter` out")
            }
            CheckpointError::Architecture { supported, .. } => {
                Self::new(Fault::Preflight, what).with_hint(format!("it runs {}", supported.join(", ")))
            }
            CheckpointError::Unsupported { .. } => {
                Self::new(Fault::Preflight, what).with_hint("use another checkpoint of the model, or another backend")
            }
            CheckpointError::Placement(source) => Self::new(Fault::Preflight, what)
                .because(source)
                .with_hint("choose a smaller model or one with weights in blocks, or run it with `candle.device: cpu`"),
        }
    }
}
