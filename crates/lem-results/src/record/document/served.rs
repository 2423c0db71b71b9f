//! A server and its answers.

use super::WindowRecord;
use crate::record::{FieldError, name};
use lem_domain::record::{RequestFailure, ServedFacts, ServerFacts, ServerOrigin};
use lem_domain::spec::Endpoint;
use lem_domain::token::TokenCounts;
use serde::{Deserialize, Serialize};

/// A server that ran the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerRecord {
    /// Its address up to the version, without a user or a key.
    pub address: String,
    /// What requests were sent to.
    #[serde(with = "name")]
    pub endpoint: Endpoint,
    /// The name by which requests called the model.
    pub served_model: String,
    /// How it came to run.
    #[serde(with = "name")]
    pub origin: ServerOrigin,
    /// The words that it was started with, without those that may be a key.
    pub command: Vec<String>,
    /// From its start to its first answer; null where it ran already.
    pub start: Option<WindowRecord>,
    /// Its version, in its own words.
    pub version: Option<String>,
    /// Device that it runs on; null where only the server knows.
    pub device: Option<String>,
    /// What it says of itself.
    pub reported: Vec<ReportedRecord>,
    /// Why texts could not be tokenised here; null when they could.
    pub no_tokenizer: Option<String>,
}

/// One thing that a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedRecord {
    /// Its name.
    pub name: String,
    /// In the server's words.
    pub value: String,
}

/// What a server's answer to one request was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedRecord {
    /// Status of the answer; null when there was none.
    pub status: Option<u16>,
    /// Why there is no result; null when there is one.
    #[serde(with = "name::optional")]
    pub failure: Option<RequestFailure>,
    /// What was said of it; shortened.
    pub reason: Option<String>,
    /// Prompt tokens.
    pub prompt_tokens: TokenCountsRecord,
    /// Prompt tokens that came from a cache; null where the server does not say.
    pub cached_prompt_tokens: Option<u64>,
    /// Output tokens.
    pub output_tokens: TokenCountsRecord,
    /// Pieces of output that came.
    pub pieces: u64,
    /// How often it was sent again.
    pub retries: u32,
}

/// The same tokens, as different sources count them; each null where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCountsRecord {
    /// Listed one by one.
    pub listed: Option<u64>,
    /// The server's `usage`.
    pub usage: Option<u64>,
    /// The text tokenised here.
    pub retokenised: Option<u64>,
}

impl ServerRecord {
    pub(super) fn of(facts: &ServerFacts) -> Result<Self, FieldError> {
        let reported = |(name, value): &(String, String)| ReportedRecord { name: name.clone(), value: value.clone() };
        Ok(Self {
            address: facts.address.clone(),
            endpoint: facts.endpoint,
            served_model: facts.served_model.clone(),
            origin: facts.origin,
            command: facts.command.clone(),
            start: facts.start.map(|start| WindowRecord::of("server.start", start)).transpose()?,
            version: facts.version.clone(),
            device: facts.device.clone(),
            reported: facts.reported.iter().map(reported).collect(),
            no_tokenizer: facts.no_tokenizer.clone(),
        })
    }

    pub(super) fn facts(self) -> Result<ServerFacts, FieldError> {
        Ok(ServerFacts {
            address: self.address,
            endpoint: self.endpoint,
            served_model: self.served_model,
            origin: self.origin,
            command: self.command,
            start: self.start.map(|start| start.window("server.start")).transpose()?,
            version: self.version,
            device: self.device,
            reported: self.reported.into_iter().map(|ReportedRecord { name, value }| (name, value)).collect(),
            no_tokenizer: self.no_tokenizer,
        })
    }
}

impl From<&ServedFacts> for ServedRecord {
    fn from(facts: &ServedFacts) -> Self {
        Self {
            status: facts.status,
            failure: facts.failure,
            reason: facts.reason.clone(),
            prompt_tokens: facts.prompt.into(),
            cached_prompt_tokens: facts.cached_prompt,
            output_tokens: facts.output.into(),
            pieces: facts.pieces,
            retries: facts.retries,
        }
    }
}

impl From<ServedRecord> for ServedFacts {
    fn from(record: ServedRecord) -> Self {
        Self {
            status: record.status,
            failure: record.failure,
            reason: record.reason,
            prompt: record.prompt_tokens.into(),
            cached_prompt: record.cached_prompt_tokens,
            output: record.output_tokens.into(),
            pieces: record.pieces,
            retries: record.retries,
        }
    }
}

impl From<TokenCounts> for TokenCountsRecord {
    fn from(counts: TokenCounts) -> Self {
        let TokenCounts { listed, usage, retokenised } = counts;
        Self { listed, usage, retokenised }
    }
}

impl From<TokenCountsRecord> for TokenCounts {
    fn from(record: TokenCountsRecord) -> Self {
        let TokenCountsRecord { listed, usage, retokenised } = record;
        Self { listed, usage, retokenised }
    }
}
