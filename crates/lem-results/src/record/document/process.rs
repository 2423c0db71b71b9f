//! `raw/process_<i>.json`: what one process wrote down, without its events.

use super::{
    DatasetRecord, EngineRecord, FindingRecord, FlopsRecord, MemoryRecord, ModelRecord, OfferedRecord, ServedRecord, ServerRecord,
    StreamRecord, TrafficRecord, WindowRecord,
};
use crate::record::field::each;
use crate::record::{FieldError, SchemaVersion, finite, name};
use lem_domain::record::{self as domain, RequestFacts, SpeculationFacts, WarmupFacts};
use lem_domain::token::{FinishReason, SpeculationCounts, TokenEvent};
use serde::{Deserialize, Serialize};

/// What one worker process recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Index of the process, from 0; the same as in the name of the file.
    pub index: u32,
    /// How many processes the run started.
    pub expected_processes: u32,
    /// What ran the model.
    pub engine: EngineRecord,
    /// The server that ran it; null when none did. Since 2.0.
    #[serde(default)]
    pub server: Option<ServerRecord>,
    /// The model.
    pub model: ModelRecord,
    /// The prompts.
    pub dataset: DatasetRecord,
    /// Loading of the model.
    pub load: WindowRecord,
    /// Warm-up; null when it was switched off.
    pub warmup: Option<WarmupRecord>,
    /// The load that requests made, as it was asked for; null in documents of 1.x. Since 2.0.
    #[serde(default)]
    pub offered: Option<OfferedRecord>,
    /// The measured window; null when the run ended before it opened.
    pub window: Option<WindowRecord>,
    /// The requests, in the order that events refer to.
    pub requests: Vec<RequestRecord>,
    /// The token events, in `process_<i>.events.parquet`.
    pub events: StreamRecord,
    /// Arithmetic executed in the window; null when the engine does not count it.
    pub executed_flops: Option<FlopsRecord>,
    /// Bytes that passes moved in the window; null when the engine does not count them. Since 2.0.
    #[serde(default)]
    pub memory_traffic: Option<TrafficRecord>,
    /// Speculative decoding; null when it did not run. Since 2.0.
    #[serde(default)]
    pub speculation: Option<SpeculationRecord>,
    /// Memory.
    pub memory: MemoryRecord,
    /// What a reader must know.
    pub findings: Vec<FindingRecord>,
}

/// Warm-up that ran before the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmupRecord {
    /// Requests run and thrown away.
    pub requests: u32,
    /// When.
    pub window: WindowRecord,
}

/// What guessed tokens ahead, and how the guesses fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeculationRecord {
    /// The smaller model that guessed; null when the text itself did.
    pub draft: Option<ModelRecord>,
    /// Tokens guessed and run.
    pub drafted_tokens: u64,
    /// Guesses that proved right.
    pub accepted_tokens: u64,
    /// Passes with guesses, counted for each request.
    pub verified_passes: u64,
}

/// One request beside its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Identifier of the prompt in its data set.
    pub prompt_id: String,
    /// Prompt tokens that were run; no padding. Null where a server tokenised the prompt and did not say.
    pub prompt_tokens: Option<u64>,
    /// Length of the prompt before it was cut; null when it was not.
    pub truncated_from_tokens: Option<u64>,
    /// Padding tokens that were run.
    pub padding_tokens: u64,
    /// Why it ended; null when it never started.
    #[serde(with = "name::optional")]
    pub finish: Option<FinishReason>,
    /// Natural logarithm of the model's probability of the output given the prompt, before penalties and temperature; null
    /// unless asked for. Since 2.0.
    #[serde(default)]
    pub log_probability: Option<f64>,
    /// What a server answered; absent where none ran it. Since 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<ServedRecord>,
}

impl ProcessRecord {
    /// The document of a record whose events lie in `events`.
    pub(crate) fn of(process: &domain::ProcessRecord, events: StreamRecord) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            index: process.index,
            expected_processes: process.expected_processes,
            engine: (&process.engine).into(),
            server: process.server.as_ref().map(ServerRecord::of).transpose()?,
            model: (&process.model).into(),
            dataset: (&process.dataset).into(),
            load: WindowRecord::of("load", process.load)?,
            warmup: process.warmup.map(WarmupRecord::of).transpose()?,
            offered: process.offered.as_ref().map(OfferedRecord::of).transpose()?,
            window: process.window.map(|window| WindowRecord::of("window", window)).transpose()?,
            requests: each("requests", &process.requests, RequestRecord::of)?,
            events,
            executed_flops: process.executed.map(FlopsRecord::from),
            memory_traffic: process.traffic.map(TrafficRecord::from),
            speculation: process.speculation.as_ref().map(SpeculationRecord::from),
            memory: process.memory.into(),
            findings: process.findings.iter().map(FindingRecord::from).collect(),
        })
    }

    /// The record, with its events.
    pub(crate) fn with_events(self, events: Vec<TokenEvent>) -> Result<domain::ProcessRecord, FieldError> {
        Ok(domain::ProcessRecord {
            index: self.index,
            expected_processes: self.expected_processes,
            engine: self.engine.into(),
            server: self.server.map(ServerRecord::facts).transpose()?,
            model: self.model.into(),
            dataset: self.dataset.into(),
            load: self.load.window("load")?,
            warmup: self.warmup.map(WarmupRecord::facts).transpose()?,
            offered: self.offered.map(OfferedRecord::facts).transpose()?,
            window: self.window.map(|window| window.window("window")).transpose()?,
            requests: self.requests.into_iter().map(RequestFacts::from).collect(),
            events,
            executed: self.executed_flops.map(Into::into),
            traffic: self.memory_traffic.map(Into::into),
            speculation: self.speculation.map(Into::into),
            memory: self.memory.into(),
            findings: self.findings.into_iter().map(Into::into).collect(),
        })
    }
}

impl WarmupRecord {
    fn of(warmup: WarmupFacts) -> Result<Self, FieldError> {
        Ok(Self { requests: warmup.requests, window: WindowRecord::of("warmup.window", warmup.window)? })
    }

    fn facts(self) -> Result<WarmupFacts, FieldError> {
        Ok(WarmupFacts { requests: self.requests, window: self.window.window("warmup.window")? })
    }
}

impl From<&SpeculationFacts> for SpeculationRecord {
    fn from(facts: &SpeculationFacts) -> Self {
        let SpeculationCounts { drafted, accepted, verified } = facts.counts;
        let draft = facts.draft.as_ref().map(ModelRecord::from);
        Self { draft, drafted_tokens: drafted, accepted_tokens: accepted, verified_passes: verified }
    }
}

impl From<SpeculationRecord> for SpeculationFacts {
    fn from(record: SpeculationRecord) -> Self {
        let counts =
            SpeculationCounts { drafted: record.drafted_tokens, accepted: record.accepted_tokens, verified: record.verified_passes };
        Self { draft: record.draft.map(Into::into), counts }
    }
}

impl RequestRecord {
    fn of(request: &RequestFacts) -> Result<Self, FieldError> {
        Ok(Self {
            prompt_id: request.prompt_id.clone(),
            prompt_tokens: request.prompt_tokens,
            truncated_from_tokens: request.truncated_from,
            padding_tokens: request.padding_tokens,
            finish: request.finish,
            log_probability: request.log_probability.map(|value| finite("log_probability", value)).transpose()?,
            served: request.served.as_ref().map(ServedRecord::from),
        })
    }
}

impl From<RequestRecord> for RequestFacts {
    fn from(record: RequestRecord) -> Self {
        Self {
            prompt_id: record.prompt_id,
            prompt_tokens: record.prompt_tokens,
            truncated_from: record.truncated_from_tokens,
            padding_tokens: record.padding_tokens,
            finish: record.finish,
            log_probability: record.log_probability,
            served: record.served.map(Into::into),
        }
    }
}
