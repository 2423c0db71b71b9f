//! What can go wrong with a prompt source.

use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a prompt source gives no prompts.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file is not there or cannot be read.
    #[error("cannot read `{}`", path.display())]
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
        line: u64,
        /// Which bytes.
        #[source]
        source: std::str::Utf8Error,
    },
    /// The file is not of the format that its name says.
    #[error("`{}` is damaged{}", path.display(), place.as_ref().map_or_else(String::new, |place| format!(" at {place}")))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The record, where one was read.
        place: Option<String>,
        /// What its reader says.
        #[source]
        source: BoxError,
    },
    /// The file lacks a column.
    #[error("`{}` has no column {}", path.display(), named(if asked.is_empty() { usual } else { asked }, " or "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The columns that were asked for.
        asked: Vec<String>,
        /// The names that are looked for where none was asked for.
        usual: Vec<String>,
        /// The columns that there are.
        present: Vec<String>,
    },
    /// A record holds something else than text.
    #[error("{place} of `{}` holds {found} instead of text{}", path.display(), column.as_ref().map_or_else(String::new, |column| format!(" in `{column}`")))]
    NotAPrompt {
        /// The file.
        path: PathBuf,
        /// The record.
        place: String,
        /// The column, where the file has columns.
        column: Option<String>,
        /// What it holds, with its article.
        found: &'static str,
    },
    /// A record of a trace holds something else than a length.
    #[error("{place} of `{}` holds {found} instead of a number of tokens", path.display())]
    NotALength {
        /// The file.
        path: PathBuf,
        /// The record.
        place: String,
        /// What it holds.
        found: String,
    },
    /// The source has no record with a prompt.
    #[error("`{place}` holds no prompt")]
    NoPrompt {
        /// The file or the set.
        place: String,
    },
    /// Prompts are made as long as somebody asks for more.
    #[error("synthetic prompts have no end, and no number was asked for")]
    Endless,
    /// The name is neither a short one nor one of the hub.
    #[error("`{dataset}` is no data set that is known here, and no `org/name` of the hub")]
    UnknownSet {
        /// The name as written.
        dataset: String,
    },
    /// The repository holds no file of records.
    #[error("`{dataset}` holds no Parquet, JSON or CSV file, and the hub has not converted it")]
    NoData {
        /// The set.
        dataset: String,
    },
    /// The repository has no such file.
    #[error("`{dataset}` has no file `{file}` of records")]
    NoSuchFile {
        /// The set.
        dataset: String,
        /// The file that was asked for.
        file: String,
    },
    /// The set has several parts and none was asked for, or not that one.
    #[error("`{dataset}` {}", asked.as_ref().map_or_else(|| "has several subsets".to_owned(), |asked| format!("has no subset `{asked}`")))]
    NoSubset {
        /// The set.
        dataset: String,
        /// The subset that was asked for.
        asked: Option<String>,
        /// Those that there are.
        present: Vec<String>,
    },
    /// The set has no such split.
    #[error("`{dataset}` has no split `{asked}`")]
    NoSplit {
        /// The set.
        dataset: String,
        /// The split that was asked for.
        asked: String,
        /// Those that there are.
        present: Vec<String>,
    },
    /// The hub may not be asked, and its cache does not have the set.
    #[error("`{dataset}` is not in the cache of the hub, `{}`, and HF_HUB_OFFLINE forbids to fetch it", folder.display())]
    NotCached {
        /// The set.
        dataset: String,
        /// Where it would be.
        folder: PathBuf,
    },
    /// There is no place for the hub's cache.
    #[error("there is no home folder for the cache of the hub")]
    NoHome,
    /// The hub cannot be reached, refuses, or does not know the set.
    #[error("cannot get `{dataset}` from the hub")]
    Hub {
        /// The set.
        dataset: String,
        /// Where the cache would keep it.
        folder: PathBuf,
        /// What its client says.
        #[source]
        source: BoxError,
    },
    /// The hub stopped answering.
    #[error("the hub was silent for {} s while `{dataset}` was asked for", limit.as_secs_f64())]
    HubSilent {
        /// The set.
        dataset: String,
        /// Where the cache would keep it.
        folder: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// The hub answered with something that is no commit hash.
    #[error("the hub does not say which commit `{dataset}` is at")]
    NoCommit {
        /// The set.
        dataset: String,
    },
    /// A file in the cache is not what the hub said it was.
    #[error("`{}` is not what was fetched: it has another digest than its name says", path.display())]
    NotAsFetched {
        /// The file.
        path: PathBuf,
    },
}

/// How to do without the network.
fn ahead(dataset: &str, folder: &std::path::Path) -> String {
    format!(
        "`lem datasets fetch {dataset}` on a machine that reaches the hub fills `{}` there; copied to the same place here, it is found with HF_HUB_OFFLINE=1",
        folder.display()
    )
}

/// Names in back quotes.
fn named(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}

impl DatasetError {
    /// A path that leads to no file is a mistake in what was asked for; a file that is there but closed to us is not.
    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Fault::Usage,
                _ => Fault::Preflight,
            },
            Self::NotUtf8 { .. }
            | Self::Damaged { .. }
            | Self::NoColumn { .. }
            | Self::NotAPrompt { .. }
            | Self::NotALength { .. }
            | Self::NoPrompt { .. }
            | Self::Endless
            | Self::UnknownSet { .. }
            | Self::NoData { .. }
            | Self::NoSuchFile { .. }
            | Self::NoSubset { .. }
            | Self::NoSplit { .. } => Fault::Usage,
            Self::NotCached { .. }
            | Self::NoHome
            | Self::Hub { .. }
            | Self::HubSilent { .. }
            | Self::NoCommit { .. }
            | Self::NotAsFetched { .. } => Fault::Preflight,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => "check the path, or leave out `prompts` to use the built-in set".to_owned(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".to_owned(),
            Self::Damaged { .. } => {
                "JSON Lines hold one object a line, other JSON is one array of records, and CSV begins with a line of names".to_owned()
            }
            Self::NoColumn { present, .. } if present.is_empty() => {
                "its records have no names for their parts; leave the column out".to_owned()
            }
            Self::NoColumn { present, .. } => format!("name one of its columns: {}", named(present, ", ")),
            Self::NotAPrompt { .. } => "text is a string, a message with its `content`, or a list of messages".to_owned(),
            Self::NotALength { .. } => "name the column of prompt lengths; lengths are whole numbers from 1 up".to_owned(),
            Self::NoPrompt { .. } => "a prompt is a line or a value that is not empty".to_owned(),
            Self::Endless => "set `prompts.sample_size`".to_owned(),
            Self::UnknownSet { .. } => {
                "`lem datasets` lists those that have a short name; for a file of your own use `--prompts FILE`".to_owned()
            }
            Self::NoData { .. } => "name a file of it that holds records, or use another set".to_owned(),
            Self::NoSuchFile { .. } => "records are read from .parquet, .jsonl, .json, .csv and .tsv files".to_owned(),
            Self::NoSubset { present, .. } => format!("choose one: {}", named(present, ", ")),
            Self::NoSplit { present, .. } => format!("it has {}", named(present, ", ")),
            Self::NotCached { dataset, folder } => ahead(dataset, folder),
            Self::NoHome => "set HF_HOME".to_owned(),
            Self::Hub { dataset, folder, .. } => {
                format!("check the name, the network, and HF_TOKEN if the set is not public; without a network: {}", ahead(dataset, folder))
            }
            Self::HubSilent { dataset, folder, .. } => format!("try again; without a network: {}", ahead(dataset, folder)),
            Self::NoCommit { .. } => "try again, or set HF_HUB_OFFLINE=1 to use what is in the cache".to_owned(),
            Self::NotAsFetched { .. } => "remove it and fetch it again".to_owned(),
        }
    }
}

impl From<DatasetError> for SeamError {
    fn from(error: DatasetError) -> Self {
        let seam = Self::new(error.fault(), error.to_string()).with_hint(error.hint());
        match error {
            DatasetError::Unreadable { source, .. } => seam.because(source),
            DatasetError::NotUtf8 { source, .. } => seam.because(source),
            DatasetError::Damaged { source, .. } | DatasetError::Hub { source, .. } => seam.because(source),
            DatasetError::NoColumn { .. }
            | DatasetError::NotAPrompt { .. }
            | DatasetError::NotALength { .. }
            | DatasetError::NoPrompt { .. }
            | DatasetError::Endless
            | DatasetError::UnknownSet { .. }
            | DatasetError::NoData { .. }
            | DatasetError::NoSuchFile { .. }
            | DatasetError::NoSubset { .. }
            | DatasetError::NoSplit { .. }
            | DatasetError::NotCached { .. }
            | DatasetError::NoHome
            | DatasetError::HubSilent { .. }
            | DatasetError::NoCommit { .. }
            | DatasetError::NotAsFetched { .. } => seam,
        }
    }
}
