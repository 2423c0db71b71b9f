//! `aggregated.json`: everything derived from the raw records of one experiment, and nothing that depends on when or
//! where it was derived.

mod arithmetic;
mod beside;
mod cycle;
mod energy;
mod latency;
mod load;
mod traffic;

pub use arithmetic::{ArithmeticRecord, WasteRecord};
pub use beside::{GaugeRecord, IdleReadingRecord, ImpactRecord, MarginalRecord};
pub use cycle::CycleRecord;
pub use energy::{EnergyRecord, PathRatioRecord, ReadingRecord};
pub use latency::{DistributionRecord, LatencyRecord};
pub use load::{CountTotalRecord, CountsRecord, FailureCountRecord, GoodputRecord, LoadRecord, ScheduleRecord, SteadyRecord};
pub use traffic::TrafficSummaryRecord;

use super::{DatasetRecord, EngineRecord, FindingRecord, MemoryRecord, ModelRecord, ProcessRecord, QuantityRecord};

use crate::record::field::each;
use crate::record::{FieldError, SchemaVersion, finite};
use lem_domain::ExperimentId;
use lem_domain::derive::{RequestCounts, Summary, ThroughputSummary, TokenTotals};
use lem_domain::token::SpeculationCounts;
use serde::{Deserialize, Serialize};

/// The result of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SummaryRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// The experiment.
    pub experiment_id: String,
    /// The model, as the first process recorded it.
    pub model: ModelRecord,
    /// What ran the model, as the first process recorded it.
    pub engine: EngineRecord,
    /// The prompts, as the first process recorded them.
    pub dataset: DatasetRecord,
    /// Processes of one cycle whose records were found, of the cycle with the fewest.
    pub processes: u32,
    /// Summed length of the common wall windows, in seconds; null when no process opened one.
    pub window_s: Option<f64>,
    /// Requests by outcome.
    pub requests: RequestCountsRecord,
    /// Tokens by kind.
    pub tokens: TokenTotalsRecord,
    /// Rates over the common wall window.
    pub throughput: ThroughputRecord,
    /// Latency distributions.
    pub latency: LatencyRecord,
    /// The load, and what came of it; null in documents of 1.x. Since 2.0.
    #[serde(default)]
    pub load: Option<LoadRecord>,
    /// The part of the run in which the load was steady; null in documents of 1.x. Since 2.0.
    #[serde(default)]
    pub steady: Option<SteadyRecord>,
    /// Energy.
    pub energy: EnergyRecord,
    /// Every sensor's own reading.
    pub readings: Vec<ReadingRecord>,
    /// How sensors of one device and boundary compare. Since 2.0.
    #[serde(default)]
    pub paths: Vec<PathRatioRecord>,
    /// Idle power by state and sensor. Since 2.0.
    #[serde(default)]
    pub idle: Vec<IdleReadingRecord>,
    /// Gauges over the window. Since 2.0.
    #[serde(default)]
    pub gauges: Vec<GaugeRecord>,
    /// Arithmetic.
    pub arithmetic: ArithmeticRecord,
    /// Bytes moved between memory and what computes; null in documents of 1.x. Since 2.0.
    #[serde(default)]
    pub memory_traffic: Option<TrafficSummaryRecord>,
    /// How guessed tokens fared; null without speculative decoding. Since 2.0.
    #[serde(default)]
    pub speculation: Option<SpeculationTotalsRecord>,
    /// Mean natural logarithm of an output token's probability; null unless probabilities were kept. Since 2.0.
    #[serde(default)]
    pub mean_log_probability: Option<f64>,
    /// Memory: peaks are the greatest over processes, the rest is added; of several cycles the greatest.
    pub memory: MemoryRecord,
    /// Each cycle by itself, in the order they were measured; everything above is over all of them. Since 3.0.
    #[serde(default)]
    pub cycles: Vec<CycleRecord>,
    /// What a reader must know.
    pub findings: Vec<FindingRecord>,
}

/// Requests by outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCountsRecord {
    /// Gave what was asked of them.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Cut off or never started.
    pub interrupted: u64,
}

/// Tokens by kind; a total of unlike tokens would mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenTotalsRecord {
    /// Prompt tokens of requests that gave output.
    pub prompt: u64,
    /// Output tokens in the window, end-of-sequence included.
    pub output: u64,
    /// Padding tokens run.
    pub padding: u64,
    /// Prompts that were cut to the input limit.
    pub truncated_prompts: u64,
    /// Requests that gave output whose tokens nobody counted. Since 2.0.
    #[serde(default)]
    pub uncounted_requests: u64,
}

/// How guessed tokens fared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeculationTotalsRecord {
    /// Tokens guessed and run.
    pub drafted_tokens: u64,
    /// Guesses that proved right.
    pub accepted_tokens: u64,
    /// Accepted ÷ drafted; null when nothing was guessed.
    pub acceptance: Option<f64>,
    /// Tokens that a request got from a pass with guesses; null when there was none.
    pub tokens_per_pass: Option<f64>,
}

/// Rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThroughputRecord {
    /// Output tokens ÷ common wall window.
    pub output: QuantityRecord,
    /// Prompt tokens ÷ time in which prefill ran.
    pub prefill: QuantityRecord,
    /// Completed requests ÷ common wall window.
    pub requests: QuantityRecord,
}

impl SummaryRecord {
    /// The document of a summary; `first` is the record of the first process, which names model, engine and prompts.
    pub(crate) fn of(id: &ExperimentId, first: ProcessRecord, summary: &Summary) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            experiment_id: id.as_str().to_owned(),
            model: first.model,
            engine: first.engine,
            dataset: first.dataset,
            processes: summary.processes,
            window_s: summary.window.map(|span| finite("window_s", span.get())).transpose()?,
            requests: summary.requests.into(),
            tokens: summary.tokens.into(),
            throughput: ThroughputRecord::of(&summary.throughput)?,
            latency: LatencyRecord::of(&summary.latency)?,
            load: Some(LoadRecord::of(&summary.load)?),
            steady: Some(SteadyRecord::of(&summary.steady)?),
            energy: EnergyRecord::of(&summary.energy)?,
            readings: each("readings", &summary.energy.readings, ReadingRecord::of)?,
            paths: each("paths", &summary.energy.paths, PathRatioRecord::of)?,
            idle: each("idle", &summary.energy.idle, IdleReadingRecord::of)?,
            gauges: each("gauges", &summary.energy.gauges, GaugeRecord::of)?,
            arithmetic: ArithmeticRecord::of(&summary.arithmetic)?,
            memory_traffic: Some(TrafficSummaryRecord::of(&summary.traffic)?),
            speculation: summary.speculation.map(SpeculationTotalsRecord::from),
            mean_log_probability: summary.mean_log_probability.map(|mean| finite("mean_log_probability", mean)).transpose()?,
            memory: summary.memory.into(),
            cycles: each("cycles", &summary.cycles, CycleRecord::of)?,
            findings: summary.findings.iter().map(FindingRecord::from).collect(),
        })
    }

    /// Refuses the summary of another bundle.
    pub(crate) fn check(&self, id: &ExperimentId) -> Result<(), FieldError> {
        if self.experiment_id == id.as_str() {
            Ok(())
        } else {
            Err(FieldError::new("experiment_id", format!("it belongs to the bundle `{}`", self.experiment_id)))
        }
    }
}

impl From<SpeculationCounts> for SpeculationTotalsRecord {
    fn from(counts: SpeculationCounts) -> Self {
        Self {
            drafted_tokens: counts.drafted,
            accepted_tokens: counts.accepted,
            acceptance: counts.acceptance(),
            tokens_per_pass: counts.tokens_per_pass(),
        }
    }
}

impl ThroughputRecord {
    fn of(throughput: &ThroughputSummary) -> Result<Self, FieldError> {
        Ok(Self {
            output: QuantityRecord::of("throughput.output", &throughput.output)?,
            prefill: QuantityRecord::of("throughput.prefill", &throughput.prefill)?,
            requests: QuantityRecord::of("throughput.requests", &throughput.requests)?,
        })
    }
}

impl From<RequestCounts> for RequestCountsRecord {
    fn from(counts: RequestCounts) -> Self {
        Self { completed: counts.completed, failed: counts.failed, interrupted: counts.interrupted }
    }
}

impl From<TokenTotals> for TokenTotalsRecord {
    fn from(totals: TokenTotals) -> Self {
        Self {
            prompt: totals.prompt.get(),
            output: totals.output.get(),
            padding: totals.padding.get(),
            truncated_prompts: totals.truncated_prompts,
            uncounted_requests: totals.uncounted_requests,
        }
    }
}
