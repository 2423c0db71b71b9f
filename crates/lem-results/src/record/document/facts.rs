//! Facts that raw records and summaries share.

use crate::record::field::{self, FieldError};
use crate::record::name;
use lem_domain::TimeWindow;
use lem_domain::backend::Backend;
use lem_domain::flops::{ExpertLayers, FlopsBreakdown, ModelShape, WindowedLayers};
use lem_domain::record::{AdapterFacts, DatasetFacts, EngineFacts, HubFacts, MemoryFacts, ModelFacts, QuantizationFacts, TemplateFacts};
use lem_domain::spec::LoadQuantization;
use lem_domain::units::{Bytes, Flops};
use serde::{Deserialize, Serialize};

/// What ran the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRecord {
    /// The backend.
    #[serde(with = "name")]
    pub backend: Backend,
    /// Version of the engine.
    pub version: String,
    /// Device the model ran on, such as `cpu`.
    pub device: String,
    /// Number type and kernel, in words.
    pub kernel: String,
    /// Threads of tensor work, where the engine has them.
    pub threads: Option<u32>,
}

/// The model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Reference as written in the configuration.
    pub reference: String,
    /// Name from the model's own metadata.
    pub name: Option<String>,
    /// Architecture from the model's own metadata.
    pub architecture: String,
    /// Revision on a hub.
    pub revision: Option<String>,
    /// SHA-256 of the weights file, hexadecimal.
    pub weights_sha256: Option<String>,
    /// SHA-256 of the tokenizer, hexadecimal.
    pub tokenizer_sha256: Option<String>,
    /// Types of the weights that ran, in words.
    pub weight_types: String,
    /// The adapter merged into the weights; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterRecord>,
    /// How weights were quantised at load; absent when they ran as they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<QuantizationRecord>,
    /// Number of parameters.
    pub parameters: Option<u64>,
    /// Dimensions; null when the engine has no real model.
    pub shape: Option<ModelShapeRecord>,
}

/// An adapter merged into the weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterRecord {
    /// Reference as written in the configuration.
    pub reference: String,
    /// Revision on a hub.
    pub revision: Option<String>,
    /// SHA-256 of its weights, hexadecimal.
    pub weights_sha256: String,
    /// SHA-256 of its configuration, hexadecimal.
    pub config_sha256: String,
    /// Matrices of the model that it changed.
    pub matrices: u64,
}

/// Weights quantised at load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantizationRecord {
    /// What was asked for: `8bit` or `4bit`.
    #[serde(with = "name")]
    pub asked: LoadQuantization,
    /// Types of the stored weights, in words.
    pub stored_types: String,
    /// Matrices of another type than the one asked for, in words.
    pub exceptions: Vec<String>,
}

/// Dimensions of a decoder, counted in layers, heads, elements and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of lem_domain::flops::ModelShape, which documents them")]
pub struct ModelShapeRecord {
    pub layers: u32,
    pub hidden: u32,
    pub heads: u32,
    pub kv_heads: u32,
    pub head_dim: u32,
    pub intermediate: u32,
    pub gated_mlp: bool,
    pub vocabulary: u32,
    pub max_context_tokens: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windowed: Option<WindowedLayersRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experts: Option<ExpertLayersRecord>,
}

/// Layers with a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of lem_domain::flops::WindowedLayers, which documents them")]
pub struct WindowedLayersRecord {
    pub layers: u32,
    pub window: u32,
}

/// Layers with routed experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of lem_domain::flops::ExpertLayers, which documents them")]
pub struct ExpertLayersRecord {
    pub layers: u32,
    pub count: u32,
    pub per_token: u32,
    pub intermediate: u32,
    pub shared_intermediate: u32,
}

/// The prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetRecord {
    /// Name of the set, path of the file, or `org/name` on a hub.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal; of several files, of their digests; of synthetic prompts, of their lengths.
    pub sha256: String,
    /// Prompts in the set; null when it was not read to its end.
    pub available: Option<u64>,
    /// Prompts that were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// SHA-256 of the prompts that were taken, before any template, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_sha256: Option<String>,
    /// Columns that hold the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Where on a hub it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubRecord>,
    /// The chat template that was written around each prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRecord>,
}

/// Where on a hub a data set lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubRecord {
    /// The commit hash.
    pub revision: String,
    /// Part of the set, where it has several.
    pub subset: Option<String>,
    /// The split.
    pub split: Option<String>,
    /// Paths of the files that were read.
    pub files: Vec<String>,
}

/// A chat template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// `model` for the one that came with the model, else the path of the file.
    pub source: String,
    /// SHA-256 of its text, hexadecimal.
    pub sha256: String,
}

/// Memory in bytes, each null when neither allocator nor driver tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryRecord {
    /// Weights as they lie in memory.
    pub model_bytes: Option<u64>,
    /// Reserved for keys and values.
    pub kv_cache_bytes: Option<u64>,
    /// Peak resident memory.
    pub peak_host_bytes: Option<u64>,
    /// Peak memory on the device.
    pub peak_device_bytes: Option<u64>,
}

/// Floating-point operations by part of the model; one multiply-add is 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlopsRecord {
    /// Projections and feed-forward matrices.
    pub linear: u128,
    /// Scores and values of attention.
    pub attention: u128,
    /// The language-model head.
    pub lm_head: u128,
}

/// A half-open interval of the host's monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// First instant inside.
    pub start_ns: u64,
    /// First instant past the end.
    pub end_ns: u64,
}

/// A Parquet stream that belongs to a document and lies beside it under a fixed name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRecord {
    /// Rows in it.
    pub rows: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

impl From<&EngineFacts> for EngineRecord {
    fn from(facts: &EngineFacts) -> Self {
        Self {
            backend: facts.backend,
            version: facts.version.clone(),
            device: facts.device.clone(),
            kernel: facts.kernel.clone(),
            threads: facts.threads,
        }
    }
}

impl From<EngineRecord> for EngineFacts {
    fn from(record: EngineRecord) -> Self {
        Self { backend: record.backend, version: record.version, device: record.device, kernel: record.kernel, threads: record.threads }
    }
}

impl From<&ModelFacts> for ModelRecord {
    fn from(facts: &ModelFacts) -> Self {
        Self {
            reference: facts.reference.clone(),
            name: facts.name.clone(),
            architecture: facts.architecture.clone(),
            revision: facts.revision.clone(),
            weights_sha256: facts.weights_sha256.clone(),
            tokenizer_sha256: facts.tokenizer_sha256.clone(),
            weight_types: facts.weight_types.clone(),
            adapter: facts.adapter.as_ref().map(AdapterRecord::from),
            quantization: facts.quantization.as_ref().map(QuantizationRecord::from),
            parameters: facts.parameters,
            shape: facts.shape.map(ModelShapeRecord::from),
        }
    }
}

impl From<ModelRecord> for ModelFacts {
    fn from(record: ModelRecord) -> Self {
        Self {
            reference: record.reference,
            name: record.name,
            architecture: record.architecture,
            revision: record.revision,
            weights_sha256: record.weights_sha256,
            tokenizer_sha256: record.tokenizer_sha256,
            weight_types: record.weight_types,
            adapter: record.adapter.map(AdapterFacts::from),
            quantization: record.quantization.map(QuantizationFacts::from),
            parameters: record.parameters,
            shape: record.shape.map(ModelShape::from),
        }
    }
}

impl From<&AdapterFacts> for AdapterRecord {
    fn from(facts: &AdapterFacts) -> Self {
        let AdapterFacts { reference, revision, weights_sha256, config_sha256, matrices } = facts.clone();
        Self { reference, revision, weights_sha256, config_sha256, matrices }
    }
}

impl From<AdapterRecord> for AdapterFacts {
    fn from(record: AdapterRecord) -> Self {
        let AdapterRecord { reference, revision, weights_sha256, config_sha256, matrices } = record;
        Self { reference, revision, weights_sha256, config_sha256, matrices }
    }
}

impl From<&QuantizationFacts> for QuantizationRecord {
    fn from(facts: &QuantizationFacts) -> Self {
        Self { asked: facts.asked, stored_types: facts.stored_types.clone(), exceptions: facts.exceptions.clone() }
    }
}

impl From<QuantizationRecord> for QuantizationFacts {
    fn from(record: QuantizationRecord) -> Self {
        Self { asked: record.asked, stored_types: record.stored_types, exceptions: record.exceptions }
    }
}

impl From<ModelShape> for ModelShapeRecord {
    fn from(shape: ModelShape) -> Self {
        Self {
            layers: shape.layers,
            hidden: shape.hidden,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim: shape.head_dim,
            intermediate: shape.intermediate,
            gated_mlp: shape.gated_mlp,
            vocabulary: shape.vocabulary,
            max_context_tokens: shape.max_context,
            windowed: shape.windowed.map(|WindowedLayers { layers, window }| WindowedLayersRecord { layers, window }),
            experts: shape.experts.map(ExpertLayersRecord::from),
        }
    }
}

impl From<ModelShapeRecord> for ModelShape {
    fn from(record: ModelShapeRecord) -> Self {
        Self {
            layers: record.layers,
            hidden: record.hidden,
            heads: record.heads,
            kv_heads: record.kv_heads,
            head_dim: record.head_dim,
            intermediate: record.intermediate,
            gated_mlp: record.gated_mlp,
            vocabulary: record.vocabulary,
            max_context: record.max_context_tokens,
            windowed: record.windowed.map(|WindowedLayersRecord { layers, window }| WindowedLayers { layers, window }),
            experts: record.experts.map(ExpertLayers::from),
        }
    }
}

impl From<ExpertLayers> for ExpertLayersRecord {
    fn from(experts: ExpertLayers) -> Self {
        let ExpertLayers { layers, count, per_token, intermediate, shared_intermediate } = experts;
        Self { layers, count, per_token, intermediate, shared_intermediate }
    }
}

impl From<ExpertLayersRecord> for ExpertLayers {
    fn from(record: ExpertLayersRecord) -> Self {
        let ExpertLayersRecord { layers, count, per_token, intermediate, shared_intermediate } = record;
        Self { layers, count, per_token, intermediate, shared_intermediate }
    }
}

impl From<&DatasetFacts> for DatasetRecord {
    fn from(facts: &DatasetFacts) -> Self {
        let DatasetFacts { name, sha256, available, used, used_sha256, columns, hub, template } = facts.clone();
        let hub = hub.map(|HubFacts { revision, subset, split, files }| HubRecord { revision, subset, split, files });
        let template = template.map(|TemplateFacts { source, sha256 }| TemplateRecord { source, sha256 });
        Self { name, sha256, available, used, used_sha256, columns, hub, template }
    }
}

impl From<DatasetRecord> for DatasetFacts {
    fn from(record: DatasetRecord) -> Self {
        let DatasetRecord { name, sha256, available, used, used_sha256, columns, hub, template } = record;
        let hub = hub.map(|HubRecord { revision, subset, split, files }| HubFacts { revision, subset, split, files });
        let template = template.map(|TemplateRecord { source, sha256 }| TemplateFacts { source, sha256 });
        Self { name, sha256, available, used, used_sha256, columns, hub, template }
    }
}

impl From<MemoryFacts> for MemoryRecord {
    fn from(facts: MemoryFacts) -> Self {
        Self {
            model_bytes: facts.model.map(Bytes::get),
            kv_cache_bytes: facts.kv_cache.map(Bytes::get),
            peak_host_bytes: facts.peak_host.map(Bytes::get),
            peak_device_bytes: facts.peak_device.map(Bytes::get),
        }
    }
}

impl From<MemoryRecord> for MemoryFacts {
    fn from(record: MemoryRecord) -> Self {
        Self {
            model: record.model_bytes.map(Bytes::new),
            kv_cache: record.kv_cache_bytes.map(Bytes::new),
            peak_host: record.peak_host_bytes.map(Bytes::new),
            peak_device: record.peak_device_bytes.map(Bytes::new),
        }
    }
}

impl From<FlopsBreakdown> for FlopsRecord {
    fn from(flops: FlopsBreakdown) -> Self {
        Self { linear: flops.linear.get(), attention: flops.attention.get(), lm_head: flops.lm_head.get() }
    }
}

impl From<FlopsRecord> for FlopsBreakdown {
    fn from(record: FlopsRecord) -> Self {
        Self { linear: Flops::new(record.linear), attention: Flops::new(record.attention), lm_head: Flops::new(record.lm_head) }
    }
}

impl WindowRecord {
    /// The record of a window; refuses one that ends before it starts, because it could not be read back.
    pub(crate) fn of(field: &str, window: TimeWindow) -> Result<Self, FieldError> {
        let record = Self { start_ns: window.start.as_nanos(), end_ns: window.end.as_nanos() };
        record.window(field).map(|_| record)
    }

    /// The window; refuses one that ends before it starts.
    pub(crate) fn window(self, field: &str) -> Result<TimeWindow, FieldError> {
        field::window(field, self.start_ns, self.end_ns)
    }
}
