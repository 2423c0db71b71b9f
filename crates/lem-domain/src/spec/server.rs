//! A server that runs the model, and what it is told.

use std::collections::BTreeMap;
use std::time::Duration;

/// A server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSpec {
    /// How it comes to run.
    pub launch: Launch,
    /// How long it may take until it answers.
    pub startup_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// What requests are sent to.
    pub endpoint: Endpoint,
    /// The environment variable of this process that holds its key.
    pub key_variable: Option<String>,
    /// What somebody set in its own section and it is told, by dotted path; the table of [`crate::backend`] says how each is
    /// handed over.
    pub settings: BTreeMap<&'static str, SettingValue>,
}

/// How a server comes to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launch {
    /// As a process of this machine.
    Process {
        /// The program and its first arguments; `None` is the engine's own program, found by `PATH`.
        command: Option<Vec<String>>,
    },
    /// In a container.
    Container {
        /// The image; `None` is the one that the engine's makers publish.
        image: Option<String>,
    },
    /// It runs already.
    Attach {
        /// Where.
        url: String,
    },
}

/// What requests are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Text in, text out.
    Completions,
    /// A conversation.
    Chat,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: &'static [Self] = &[Self::Completions, Self::Chat];

    /// The name in configurations and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Chat => "chat",
        }
    }

    /// The path behind the version.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Completions => "/completions",
            Self::Chat => "/chat/completions",
        }
    }
}

/// The value of a setting that is handed on.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// Nothing, which a table may hold.
    Empty,
    /// Yes or no.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// Another number.
    Real(f64),
    /// A text or a word.
    Text(String),
    /// A list.
    List(Vec<SettingValue>),
    /// Values by name.
    Table(BTreeMap<String, SettingValue>),
}
