//! Records of fact: what one process and one host wrote down while the model ran. Nothing in here is computed.

mod offered;
mod served;

pub use offered::{LoadShape, OfferedLoad};
pub use served::{RequestFailure, ServedFacts, ServerFacts, ServerOrigin};

use crate::backend::Backend;
use crate::finding::Finding;
use crate::flops::{FlopsBreakdown, ModelShape};
use crate::idle::{IdleLevel, IdleWindow};
use crate::impact::Multipliers;
use crate::sensor::SensorRecord;
use crate::spec::LoadQuantization;
use crate::time::TimeWindow;
use crate::token::{FinishReason, SpeculationCounts, TokenEvent};
use crate::traffic::MemoryTraffic;
use crate::units::Bytes;

/// Everything recorded of one experiment: the input of every derivation.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentRecord {
    /// One record per measured window, in the order they were measured.
    pub cycles: Vec<RunRecord>,
}

/// Everything recorded of one cycle: one measured window and what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// One record per worker process, by index.
    pub processes: Vec<ProcessRecord>,
    /// What the host recorded; each physical sensor once.
    pub host: HostRecord,
}

/// What one host recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRecord {
    /// What its meter recorded.
    pub meter: SensorRecord,
    /// When the machine was left idle, by state.
    pub idle: Vec<IdleWindow>,
    /// Idle levels that were found earlier on this very host: by an earlier run, where a check found them to hold still,
    /// or before an earlier cycle of this one.
    pub kept_idle: Vec<IdleLevel>,
    /// Largest half-width of the 95 % interval of the random part, relative to the energy, that was asked for.
    pub asked_precision: Option<f64>,
    /// What the energy is to be multiplied by.
    pub multipliers: Multipliers,
}

/// What one worker process recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessRecord {
    /// Index of the process, from 0.
    pub index: u32,
    /// How many processes the run started.
    pub expected_processes: u32,
    /// What ran the model.
    pub engine: EngineFacts,
    /// The server that ran it, where one did.
    pub server: Option<ServerFacts>,
    /// The model.
    pub model: ModelFacts,
    /// The prompts.
    pub dataset: DatasetFacts,
    /// Loading of the model.
    pub load: TimeWindow,
    /// Warm-up, unless it was switched off.
    pub warmup: Option<WarmupFacts>,
    /// The load that requests made, as it was asked for; `None` in records that do not say.
    pub offered: Option<OfferedLoad>,
    /// The measured window; `None` when the run ended before it opened.
    pub window: Option<TimeWindow>,
    /// One entry per request, in the order that events refer to.
    pub requests: Vec<RequestFacts>,
    /// The token events, in the order they were recorded.
    pub events: Vec<TokenEvent>,
    /// Arithmetic really executed in the window, where the engine counts it.
    pub executed: Option<FlopsBreakdown>,
    /// Bytes that passes moved in the window, where the engine counts them.
    pub traffic: Option<MemoryTraffic>,
    /// Speculative decoding, where it ran.
    pub speculation: Option<SpeculationFacts>,
    /// Memory.
    pub memory: MemoryFacts,
    /// What a reader must know.
    pub findings: Vec<Finding>,
}

/// What ran the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// The backend.
    pub backend: Backend,
    /// Version of the engine.
    pub version: String,
    /// Device the model ran on, such as `cpu`.
    pub device: String,
    /// Arithmetic that ran: number type and kernel, in words.
    pub kernel: String,
    /// Threads of tensor work, where the engine has them.
    pub threads: Option<u32>,
}

impl EngineFacts {
    /// What [`EngineFacts::device`] is on the host's processor.
    pub const PROCESSOR: &'static str = "cpu";

    /// Whether the model ran on the host's processor, beside which an accelerator only idles.
    #[must_use]
    pub fn ran_on_processor(&self) -> bool {
        self.device == Self::PROCESSOR
    }
}

/// The model, as far as results must name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// Reference as written in the configuration.
    pub reference: String,
    /// Name from the model's own metadata.
    pub name: Option<String>,
    /// Architecture from the model's own metadata.
    pub architecture: String,
    /// Revision on a hub: the commit hash.
    pub revision: Option<String>,
    /// SHA-256 of the weights file, in hexadecimal.
    pub weights_sha256: Option<String>,
    /// SHA-256 of the tokenizer's vocabulary and rules, in hexadecimal.
    pub tokenizer_sha256: Option<String>,
    /// Types of the weights that ran, such as `Q4_1 ×210, F32 ×61`: those stored, unless `quantization` is there.
    pub weight_types: String,
    /// The adapter that was merged into the weights.
    pub adapter: Option<AdapterFacts>,
    /// How weights were quantised while they were loaded; `None` when they ran as they are stored.
    pub quantization: Option<QuantizationFacts>,
    /// Number of parameters.
    pub parameters: Option<u64>,
    /// Dimensions, for the arithmetic; `None` when the engine has no real model.
    pub shape: Option<ModelShape>,
}

/// An adapter that was merged into the weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFacts {
    /// Reference as written in the configuration.
    pub reference: String,
    /// Revision on a hub: the commit hash.
    pub revision: Option<String>,
    /// SHA-256 of its weights, in hexadecimal.
    pub weights_sha256: String,
    /// SHA-256 of its configuration, which holds the scale, in hexadecimal.
    pub config_sha256: String,
    /// Matrices of the model that it changed.
    pub matrices: u64,
}

/// Weights that were quantised while they were loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizationFacts {
    /// What was asked for.
    pub asked: LoadQuantization,
    /// Types of the stored weights, such as `BF16 ×272`.
    pub stored_types: String,
    /// Matrices of another type than the one that stands for what was asked, in words: the type, which, and why.
    pub exceptions: Vec<String>,
}

/// The prompts, as far as results must name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetFacts {
    /// Name of the set, path of the file, or `org/name` on a hub.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal; of several files, of their digests one after the other; of prompts that are
    /// made for the model, of their lengths.
    pub sha256: String,
    /// Prompts in the set; `None` when it was not read to its end.
    pub available: Option<u64>,
    /// Prompts that were taken.
    pub used: Option<u64>,
    /// SHA-256 of the prompts that were taken, in their order, before any template, in hexadecimal.
    pub used_sha256: Option<String>,
    /// Columns that hold the prompt, where the source has columns.
    pub columns: Vec<String>,
    /// Where on a hub it lies.
    pub hub: Option<HubFacts>,
    /// What was written around each prompt.
    pub template: Option<TemplateFacts>,
}

/// Where on a hub a data set lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFacts {
    /// The commit hash.
    pub revision: String,
    /// Part of the set, where it has several.
    pub subset: Option<String>,
    /// The split, where its files say one.
    pub split: Option<String>,
    /// Paths of the files that were read.
    pub files: Vec<String>,
}

/// A chat template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFacts {
    /// `model` for the one that came with the model, else the path of the file.
    pub source: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

/// Warm-up that ran before the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmupFacts {
    /// Requests run and thrown away.
    pub requests: u32,
    /// When.
    pub window: TimeWindow,
}

/// Speculative decoding: what guessed tokens, and how the guesses fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeculationFacts {
    /// The smaller model that guessed; `None` when the text itself did.
    pub draft: Option<ModelFacts>,
    /// How the guesses fared in the measured window.
    pub counts: SpeculationCounts,
}

/// What is known of one request beside its events.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestFacts {
    /// Identifier of the prompt in its data set.
    pub prompt_id: String,
    /// Prompt tokens that were run; no padding. `None` where a server tokenised it and did not say.
    pub prompt_tokens: Option<u64>,
    /// Length of the prompt before it was cut, when it was.
    pub truncated_from: Option<u64>,
    /// Padding tokens that were run.
    pub padding_tokens: u64,
    /// Why it ended; `None` when it never started.
    pub finish: Option<FinishReason>,
    /// Natural logarithm of the model's probability of its output given its prompt, before penalties and temperature;
    /// `None` unless asked for.
    pub log_probability: Option<f64>,
    /// What a server answered, where one ran it.
    pub served: Option<ServedFacts>,
}

/// Memory, each figure from the allocator or the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFacts {
    /// Bytes of the weights as they lie in memory.
    pub model: Option<Bytes>,
    /// Bytes reserved for keys and values.
    pub kv_cache: Option<Bytes>,
    /// Peak resident memory of the process.
    pub peak_host: Option<Bytes>,
    /// Peak memory on the device.
    pub peak_device: Option<Bytes>,
}
