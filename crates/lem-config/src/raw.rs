//! What can be written: every setting optional, with its bounds. The JSON Schema is made from these types.

use crate::value::{Choice, DecoderPreset, PromptKind, Quantity, SampleSize};
use lem_domain::backend::Backend;
use lem_domain::spec::{BatchingStrategy, EnergyChoice, RequiredGrade, VirtualClockChoice};
use lem_domain::units::{Joules, Watts};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use validator::{Validate, ValidationError};

/// An experiment of lem.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields, expecting = "a section of settings")]
#[schemars(title = "lem experiment")]
pub(crate) struct RawConfig {
    /// Name of the experiment, a label. Left out: the name of the model.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) config_name: Option<String>,
    /// Model: a `.gguf` file, a folder, or `org/name[@revision]` on a hub. There is no default.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) model_name: Option<String>,
    /// What runs the model: `candle` in process, `virtual` simulated.
    pub(crate) backend: Option<Choice<Backend>>,
    /// Prompts are cut to this many tokens.
    #[validate(range(min = 1, max = 1_000_000))]
    pub(crate) max_input_tokens: Option<u32>,
    /// Generation stops after this many tokens.
    #[validate(range(min = 1, max = 1_000_000))]
    pub(crate) max_output_tokens: Option<u32>,
    /// The end-of-sequence token is not chosen before this many output tokens.
    #[validate(range(max = 1_000_000))]
    pub(crate) min_output_tokens: Option<u32>,
    /// Seed of every random choice of the run.
    pub(crate) random_seed: Option<u64>,
    /// Which prompts, and how many.
    #[validate(nested)]
    pub(crate) prompts: RawPrompts,
    /// How requests are grouped.
    #[validate(nested)]
    pub(crate) batching: RawBatching,
    /// How the next token is chosen.
    #[validate(nested)]
    pub(crate) decoder: RawDecoder,
    /// What runs before the measured window opens.
    #[validate(nested)]
    pub(crate) warmup: RawWarmup,
    /// How energy is read.
    #[validate(nested)]
    pub(crate) energy: RawEnergy,
    /// Where results go.
    #[validate(nested)]
    pub(crate) io: RawIo,
    /// Settings of `backend: candle`.
    #[validate(nested)]
    pub(crate) candle: RawCandle,
    /// The simulated machine of `backend: virtual`.
    #[serde(rename = "virtual")]
    #[validate(nested)]
    pub(crate) virtual_machine: RawVirtual,
}

/// Which prompts, and how many.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPrompts {
    /// `embedded`: the set that ships inside the program. `file`: the text file at `prompts.path`.
    pub(crate) source: Option<Choice<PromptKind>>,
    /// Text file with one prompt per non-empty line; goes with `source: file`.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) path: Option<String>,
    /// How many prompts are used, or `all`.
    pub(crate) sample_size: Option<SampleSize>,
    /// Shuffle with the run's seed before the sample is taken.
    pub(crate) shuffle: Option<bool>,
}

/// How requests are grouped.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBatching {
    /// Most requests in a batch.
    #[validate(range(min = 1, max = 1024))]
    pub(crate) batch_size: Option<u32>,
    /// `static`: consecutive slices. `dynamic`: until the size or the token budget is reached. `sorted_…`: by prompt length first.
    pub(crate) strategy: Option<Choice<BatchingStrategy>>,
    /// Most prompt tokens in a batch of a dynamic strategy. Left out: one full prompt, `max_input_tokens`.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub(crate) max_tokens_per_batch: Option<u32>,
}

/// How the next token is chosen.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawDecoder {
    /// Values to start from: `deterministic`, `standard` or `factual`. What is written beside it wins.
    pub(crate) preset: Option<Choice<DecoderPreset>>,
    /// Draw from the distribution; `false` always takes the most probable token.
    pub(crate) do_sample: Option<bool>,
    /// Divides the logits; 0 always takes the most probable token.
    #[validate(range(min = 0.0, max = 2.0))]
    pub(crate) temperature: Option<f64>,
    /// Keeps this many tokens; 0 keeps all.
    #[validate(range(max = 1_000_000))]
    pub(crate) top_k: Option<u32>,
    /// Keeps the smallest set of tokens whose probabilities reach this sum.
    #[validate(range(exclusive_min = 0.0, max = 1.0))]
    pub(crate) top_p: Option<f64>,
}

/// What runs before the measured window opens.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawWarmup {
    /// Full-length requests that are run and thrown away.
    #[validate(range(max = 1000))]
    pub(crate) requests: Option<u32>,
}

/// How energy is read.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawEnergy {
    /// `auto`: the best source that works here. `estimate`: from processor load. `virtual`: the simulated machine's. `none`.
    pub(crate) backend: Option<Choice<EnergyChoice>>,
    /// Time between two samples, 1ms to 10s.
    #[validate(custom(function = "sampling_interval"))]
    pub(crate) interval: Option<Quantity<Duration>>,
    /// Worst grade that the energy may have: `any`, `estimated` or `measured`.
    pub(crate) require: Option<Choice<RequiredGrade>>,
    /// Your own figures for the estimate from processor load.
    pub(crate) cpu: RawCpuPower,
}

/// Your own figures for the estimate from processor load.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawCpuPower {
    /// Power of one idle hardware thread.
    pub(crate) idle_power_per_thread: Option<Quantity<Watts>>,
    /// Power of one busy hardware thread.
    pub(crate) max_power_per_thread: Option<Quantity<Watts>>,
}

/// Where results go.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawIo {
    /// Folder that receives one folder per experiment.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) results_dir: Option<String>,
}

/// Settings of `backend: candle`.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawCandle {
    /// Threads for tensor work. Left out: the machine's physical cores.
    #[validate(range(min = 1, max = 1024))]
    pub(crate) threads: Option<u32>,
}

/// The simulated machine of `backend: virtual`.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawVirtual {
    /// `virtual`: simulated time, a run takes none. `real`: the same world in real time.
    pub(crate) clock: Option<Choice<VirtualClockChoice>>,
    /// From the start of a batch to the first token of its requests, 1h at most.
    #[validate(custom(function = "simulated_step"))]
    pub(crate) ttft: Option<Quantity<Duration>>,
    /// Between two output tokens of a request, 1h at most.
    #[validate(custom(function = "simulated_step"))]
    pub(crate) itl: Option<Quantity<Duration>>,
    /// Power that flows at all times.
    pub(crate) static_power: Option<Quantity<Watts>>,
    /// Energy of one prompt token.
    pub(crate) prefill_token_energy: Option<Quantity<Joules>>,
    /// Energy of one output token.
    pub(crate) output_token_energy: Option<Quantity<Joules>>,
    /// Energy of attending to one token of context while an output token is made.
    pub(crate) context_token_energy: Option<Quantity<Joules>>,
}

fn sampling_interval(interval: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(interval.0, Duration::from_millis(1), Duration::from_secs(10))
}

fn simulated_step(step: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(step.0, Duration::ZERO, Duration::from_secs(3600))
}

fn within(value: Duration, min: Duration, max: Duration) -> Result<(), ValidationError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let mut error = ValidationError::new("range");
    error.add_param("min".into(), &Quantity(min));
    error.add_param("max".into(), &Quantity(max));
    Err(error)
}

/// The JSON Schema of a configuration file.
///
/// ```
/// assert_eq!(lem_config::schema()["properties"]["max_output_tokens"]["maximum"], 1_000_000);
/// ```
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}
