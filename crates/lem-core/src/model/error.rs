//! What can go wrong between a model reference and its files.

use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a model reference leads to no files.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing was written.
    #[error("the model reference is empty")]
    Empty,
    /// Nothing is at the path, and it cannot be a model on the hub.
    #[error("there is no model at `{}`", path.display())]
    Missing {
        /// The path as written.
        path: PathBuf,
    },
    /// Something is at the path that cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is of no format that is read, or lacks what describes it.
    #[error("`{}` is neither a .gguf file nor a .safetensors file beside a config.json", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
    },
    /// The folder or repository holds no weights.
    #[error("`{place}` holds neither a .gguf file nor a config.json with safetensors weights")]
    NoWeights {
        /// The folder, or the reference to the hub.
        place: String,
    },
    /// The folder or repository holds no adapter.
    #[error("`{place}` holds no adapter_config.json with an adapter_model.safetensors")]
    NoAdapter {
        /// The folder, or the reference to the hub.
        place: String,
    },
    /// The folder or repository holds several weights, and the reference does not choose.
    #[error("`{place}` holds several .gguf files: {}", files.join(", "))]
    SeveralWeights {
        /// The folder, or the reference to the hub.
        place: String,
        /// Their names.
        files: Vec<String>,
    },
    /// The repository holds no file of that name.
    #[error("`{reference}` is not among the .gguf files of its repository: {}", if files.is_empty() { "there are none".to_owned() } else { files.join(", ") })]
    NoSuchFile {
        /// The reference as written.
        reference: String,
        /// The names that there are.
        files: Vec<String>,
    },
    /// The list of safetensors files is damaged, or names one elsewhere.
    #[error("`{}` does not list safetensors files of its folder", path.display())]
    DamagedIndex {
        /// The list.
        path: PathBuf,
    },
    /// The hub may not be asked, and its cache does not have the model.
    #[error("`{reference}` is not in the cache of the hub, and HF_HUB_OFFLINE forbids to fetch it")]
    NotCached {
        /// The reference as written.
        reference: String,
    },
    /// There is no place for the hub's cache.
    #[error("there is no home folder for the cache of the hub")]
    NoHome,
    /// The hub cannot be reached, refuses, or does not know the model.
    #[error("cannot get `{reference}` from the hub")]
    Hub {
        /// The reference as written.
        reference: String,
        /// What its client says.
        #[source]
        source: BoxError,
    },
    /// The hub stopped answering.
    #[error("the hub was silent for {} s while `{reference}` was asked for", limit.as_secs_f64())]
    HubSilent {
        /// The reference as written.
        reference: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The hub answered with something that is no commit hash.
    #[error("the hub does not say which commit `{reference}` is")]
    NoCommit {
        /// The reference as written.
        reference: String,
    },
}

/// The way that needs no hub.
const LOCAL_PATH: &str = "a path to a model on this machine always works";

impl ReferenceError {
    fn fault(&self) -> Fault {
        match self {
            Self::Empty
            | Self::Missing { .. }
            | Self::NotWeights { .. }
            | Self::NoWeights { .. }
            | Self::NoAdapter { .. }
            | Self::SeveralWeights { .. }
            | Self::NoSuchFile { .. } => Fault::Usage,
            Self::Unreadable { .. }
            | Self::DamagedIndex { .. }
            | Self::NotCached { .. }
            | Self::NoHome
            | Self::Hub { .. }
            | Self::HubSilent { .. }
            | Self::NoCommit { .. } => Fault::Preflight,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Empty => "name a .gguf file, a folder that holds a model, or `org/name` on the hub".to_owned(),
            Self::Missing { .. } => "check the path; a model on the hub is written `org/name[@revision][/file.gguf]`".to_owned(),
            Self::DamagedIndex { .. } => "fetch it again".to_owned(),
            Self::Unreadable { .. } => "check its permissions".to_owned(),
            Self::NotWeights { .. } | Self::NoWeights { .. } => {
                "GGUF and safetensors weights can be run; a folder with the latter needs its config.json".to_owned()
            }
            Self::NoAdapter { .. } => {
                "name a folder that PEFT saved, or `org/name` on the hub; older adapters in .bin files must be saved anew".to_owned()
            }
            Self::SeveralWeights { .. } | Self::NoSuchFile { .. } => "add the name of one of them to the reference, after a `/`".to_owned(),
            Self::NotCached { .. } => format!("fetch it once without HF_HUB_OFFLINE; {LOCAL_PATH}"),
            Self::NoHome => format!("set HF_HOME; {LOCAL_PATH}"),
            Self::Hub { reference, .. } => {
                format!("check `{reference}`, that the hub can be reached, and HF_TOKEN if the model is not public; {LOCAL_PATH}")
            }
            Self::HubSilent { .. } | Self::NoCommit { .. } => {
                format!("try again, or set HF_HUB_OFFLINE=1 to use what is in the cache; {LOCAL_PATH}")
            }
        }
    }
}

impl From<ReferenceError> for SeamError {
    fn from(error: ReferenceError) -> Self {
        let seam = Self::new(error.fault(), error.to_string()).with_hint(error.hint());
        match error {
            ReferenceError::Unreadable { source, .. } => seam.because(source),
            ReferenceError::Hub { source, .. } => seam.because(source),
            ReferenceError::Empty
            | ReferenceError::Missing { .. }
            | ReferenceError::NotWeights { .. }
            | ReferenceError::NoWeights { .. }
            | ReferenceError::NoAdapter { .. }
            | ReferenceError::SeveralWeights { .. }
            | ReferenceError::NoSuchFile { .. }
            | ReferenceError::DamagedIndex { .. }
            | ReferenceError::NotCached { .. }
            | ReferenceError::NoHome
            | ReferenceError::HubSilent { .. }
            | ReferenceError::NoCommit { .. } => seam,
        }
    }
}
