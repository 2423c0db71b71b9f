//! What can be written: every setting optional, with its bounds. The JSON Schema is made from these types.

use crate::value::{Choice, Currency, DecoderPreset, Device, PromptKind, Quantity, Region, SampleSize, Sources, SpeculationKind, TextList};
use lem_domain::backend::Backend;
use lem_domain::spec::{BatchingStrategy, EarlyStopping, RequiredGrade, ThreadWaiting, VirtualClockChoice};
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
    /// LoRA adapter that is merged into the weights while they are loaded: a folder that PEFT saved, or
    /// `org/name[@revision]` on a hub.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) adapter: Option<String>,
    /// What runs the model: `candle` in process, `virtual` simulated.
    pub(crate) backend: Option<Choice<Backend>>,
    /// Prompts are cut to this many tokens.
    #[validate(range(min = 1, max = 1_000_000))]
    pub(crate) max_input_tokens: Option<u32>,
    /// Generation stops after this many tokens.
    #[validate(range(min = 1, max = 1_000_000))]
    pub(crate) max_output_tokens: Option<u32>,
    /// This many output tokens come before the one that ends the text: none of them is an end-of-sequence token, and no
    /// text of `decoder.stop` is looked for in them.
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
    /// How the next token is chosen, and what ends a text before its limit.
    #[validate(nested)]
    pub(crate) decoder: RawDecoder,
    /// What runs before the measured window opens.
    #[validate(nested)]
    pub(crate) warmup: RawWarmup,
    /// How energy is read.
    #[validate(nested)]
    pub(crate) energy: RawEnergy,
    /// What energy is multiplied by for a figure of carbon or cost. Left out, there is no such figure.
    #[validate(nested)]
    pub(crate) impact: RawImpact,
    /// Where results go.
    #[validate(nested)]
    pub(crate) io: RawIo,
    /// What is done with the weights while they are loaded.
    pub(crate) quantization: RawQuantization,
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
    /// `continuous`: a request takes the place of one that ended, at once.
    pub(crate) strategy: Option<Choice<BatchingStrategy>>,
    /// Most prompt tokens in a batch of a dynamic strategy. Left out: one full prompt, `max_input_tokens`. With `continuous`,
    /// most tokens of a pass, in which prompts take what others leave. Left out: 512.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub(crate) max_tokens_per_batch: Option<u32>,
}

/// How the next token is chosen, and what ends a text before its limit.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawDecoder {
    /// Values to start from: `deterministic`, `standard`, `creative` or `factual`. What is written beside it wins.
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
    /// Keeps the tokens that are at least this probable relative to the most probable one; 0 keeps all.
    #[validate(range(min = 0.0, max = 1.0))]
    pub(crate) min_p: Option<f64>,
    /// Divides the positive and multiplies the negative logits of the tokens that prompt or output hold; 1 leaves them as
    /// they are. Also without `do_sample`.
    #[validate(range(min = 0.1, max = 10.0))]
    pub(crate) repetition_penalty: Option<f64>,
    /// No sequence of this many tokens comes a second time in prompt and output; 0 lets all come. Also without `do_sample`.
    #[validate(range(max = 1_000_000))]
    pub(crate) no_repeat_ngram_size: Option<u32>,
    /// Go on after an end-of-sequence token, as after any other.
    pub(crate) ignore_eos: Option<bool>,
    /// A text, or a list of texts, that ends the output with the token that completes it.
    pub(crate) stop: Option<TextList>,
    /// Keep how probable the model found its output.
    pub(crate) logprobs: Option<bool>,
    /// Follow several continuations at once.
    #[validate(nested)]
    pub(crate) beam_search: RawBeamSearch,
}

/// Following several continuations at once, of which the most probable one is told.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBeamSearch {
    /// Continuations that are followed; 1 is no search.
    #[validate(range(min = 1, max = 16))]
    pub(crate) num_beams: Option<u32>,
    /// Exponent of the length that a continuation's log-probability is divided by: above 0 favours long ones.
    #[validate(range(min = -10.0, max = 10.0))]
    pub(crate) length_penalty: Option<f64>,
    /// When the search ends, once `num_beams` continuations have ended: `at_width` then, `heuristic` when the best running
    /// one is no better at its present length, `never` before none can become better.
    pub(crate) early_stopping: Option<Choice<EarlyStopping>>,
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
    /// `auto`: every sensor that works here. `none`: no energy. Otherwise a source or a list of them, each of which must
    /// work: `nvml` (NVIDIA boards), `rapl` (processor and memory), `amd` (AMD boards), `hwmon` (other sensors of the
    /// host), `estimate` (from processor load), `virtual` (the simulated machine's).
    #[validate(custom(function = "source_list"))]
    pub(crate) backend: Option<Sources>,
    /// Time between two samples, 1ms to 10s. Left out: half of each sensor's update period, 50ms while that is unknown.
    #[validate(custom(function = "sampling_interval"))]
    pub(crate) interval: Option<Quantity<Duration>>,
    /// Worst grade that the energy may have: `any`, `estimated` or `measured`.
    pub(crate) require: Option<Choice<RequiredGrade>>,
    /// Asked precision: the largest half-width of the 95 % interval of the random part, as a share of the energy. A window
    /// too short for it is `limited`.
    #[validate(range(exclusive_min = 0.0, max = 1.0))]
    pub(crate) precision: Option<f64>,
    /// Your own figures for the estimate from processor load.
    pub(crate) cpu: RawCpuPower,
    /// How idle power is found.
    #[validate(nested)]
    pub(crate) baseline: RawBaseline,
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

/// How idle power is found.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBaseline {
    /// How long each idle state is watched, 10m at most. `0s` leaves idle power out.
    #[validate(custom(function = "idle_watch"))]
    pub(crate) duration: Option<Quantity<Duration>>,
    /// Use the idle levels of earlier runs while a short check finds them unchanged.
    pub(crate) keep: Option<bool>,
}

/// What energy is multiplied by for a figure of carbon or cost.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawImpact {
    /// Power usage effectiveness: energy of the building ÷ energy of its machines.
    #[validate(range(min = 1.0, max = 3.0))]
    pub(crate) pue: Option<f64>,
    /// Where the electricity comes from: a country in three letters of ISO 3166, such as `FRA`, or `world`.
    pub(crate) region: Option<Region>,
    /// Your own figure for the grid, in grams of CO2 equivalent per kilowatt-hour; instead of `region`.
    // No way to make electricity emits less than 1 g over its life cycle (IPCC AR5 WG3, table A.III.2), so that a figure
    // in kilograms is told by its size.
    #[validate(range(min = 1.0, max = 2000.0))]
    pub(crate) grid_intensity: Option<f64>,
    /// Price of a kilowatt-hour; goes with `currency`.
    #[validate(range(min = 0.0, max = 1_000_000.0))]
    pub(crate) price_per_kwh: Option<f64>,
    /// Currency of the price, in three letters of ISO 4217.
    pub(crate) currency: Option<Currency>,
}

/// Where results go.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawIo {
    /// Folder that receives one folder per experiment.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) results_dir: Option<String>,
}

/// What is done with the weights while they are loaded. Left out, they run as they are stored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawQuantization {
    /// Quantise floating-point matrices to eight bits.
    pub(crate) load_in_8bit: Option<bool>,
    /// Quantise floating-point matrices to four bits.
    pub(crate) load_in_4bit: Option<bool>,
}

/// Settings of `backend: candle`.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawCandle {
    /// What the model runs on: `cpu`, `cuda`, or a GPU by its number such as `cuda:1`. `auto`: the first GPU where this
    /// program was built for one, it is there, and no `threads` are asked for; else the processor.
    pub(crate) device: Option<Device>,
    /// Threads for tensor work on the processor. Left out: the machine's physical cores.
    #[validate(range(min = 1, max = 1024))]
    pub(crate) threads: Option<u32>,
    /// Keep each of the threads, but the calling one, on a processor of its own.
    pub(crate) pin_threads: Option<bool>,
    /// How threads wait for each other between two products: `spin` for some tens of microseconds, `yield` to other
    /// programs, `sleep` at once.
    pub(crate) waiting: Option<Choice<ThreadWaiting>>,
    /// Guess tokens ahead, so that one pass confirms several. Output stays as it is.
    #[validate(nested)]
    pub(crate) speculative: RawSpeculative,
}

/// Guessing tokens ahead.
#[derive(Debug, Default, Deserialize, JsonSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawSpeculative {
    /// What guesses: `none`; `prompt_lookup`, what followed the last tokens where they stood before; `draft_model`, a
    /// smaller model.
    pub(crate) method: Option<Choice<SpeculationKind>>,
    /// The smaller model, as `model_name`. It must have the same tokenizer.
    #[validate(length(min = 1, max = 4096))]
    pub(crate) model: Option<String>,
    /// Most tokens that are guessed at once.
    #[validate(range(min = 1, max = 64))]
    pub(crate) num_tokens: Option<u32>,
    /// Most of the last tokens that `prompt_lookup` looks for.
    #[validate(range(min = 1, max = 32))]
    pub(crate) prompt_lookup_max: Option<u32>,
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

fn source_list(sources: &Sources) -> Result<(), ValidationError> {
    sources.check()
}

fn idle_watch(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::ZERO, Duration::from_secs(600))
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
