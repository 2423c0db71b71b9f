//! What is known of a server and of its answers, beside the token events.

use crate::spec::Endpoint;
use crate::time::TimeWindow;
use crate::token::TokenCounts;

/// A server that ran the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its address up to the version, without a user or a key.
    pub address: String,
    /// What requests were sent to.
    pub endpoint: Endpoint,
    /// The name by which requests called the model.
    pub served_model: String,
    /// How it came to run.
    pub origin: ServerOrigin,
    /// The words that it was started with, without those that may be a key; empty where it ran already.
    pub command: Vec<String>,
    /// From its start to its first answer; `None` where it ran already.
    pub start: Option<TimeWindow>,
    /// Its version, in its own words.
    pub version: Option<String>,
    /// Device that it runs on, such as `cpu`; `None` where only the server knows.
    pub device: Option<String>,
    /// What it says of itself, by name.
    pub reported: Vec<(String, String)>,
    /// Why texts could not be tokenised here; `None` when they could.
    pub no_tokenizer: Option<String>,
}

/// How a server came to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerOrigin {
    /// It ran already.
    Attached,
    /// As a process of this machine.
    Process,
    /// In a container.
    Container,
}

impl ServerOrigin {
    /// Every origin.
    pub const ALL: &'static [Self] = &[Self::Attached, Self::Process, Self::Container];

    /// The origin as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Process => "process",
            Self::Container => "container",
        }
    }
}

/// What a server's answer to one request was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedFacts {
    /// Status of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// Why there is no result.
    pub failure: Option<RequestFailure>,
    /// What was said of it, by the server or the system; shortened.
    pub reason: Option<String>,
    /// Prompt tokens.
    pub prompt: TokenCounts,
    /// Prompt tokens that the server took from a cache instead of running them, where it says so.
    pub cached_prompt: Option<u64>,
    /// Output tokens.
    pub output: TokenCounts,
    /// Pieces of output that came.
    pub pieces: u64,
    /// How often it was sent again after it failed without any output.
    pub retries: u32,
}

/// Why a request to a server has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestFailure {
    /// Nobody listens at the address.
    Refused,
    /// The address cannot be reached or secured.
    Unreachable,
    /// The time for a request was over.
    TimedOut,
    /// Output began, and then nothing came until the time for the request was over.
    Stalled,
    /// The connection ended before the answer did.
    Reset,
    /// The answer has a status that says it failed.
    Status,
    /// The server told of an error within the answer.
    Reported,
    /// The answer holds what is no event of the protocol.
    Malformed,
    /// A line of the answer is longer than any of the protocol.
    Oversized,
    /// The answer ended well and holds no output.
    NoOutput,
    /// The run was stopped.
    Cancelled,
}

impl RequestFailure {
    /// Every failure.
    pub const ALL: &'static [Self] = &[
        Self::Refused,
        Self::Unreachable,
        Self::TimedOut,
        Self::Stalled,
        Self::Reset,
        Self::Status,
        Self::Reported,
        Self::Malformed,
        Self::Oversized,
        Self::NoOutput,
        Self::Cancelled,
    ];

    /// The failure as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Stalled => "stalled",
            Self::Reset => "reset",
            Self::Status => "status",
            Self::Reported => "reported",
            Self::Malformed => "malformed",
            Self::Oversized => "oversized",
            Self::NoOutput => "no_output",
            Self::Cancelled => "cancelled",
        }
    }
}
