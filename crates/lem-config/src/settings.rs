//! What a configuration means: every setting has its value, and the built-in ones stand in [`Settings::default`].

use crate::value::{
    Choice, Currency, DecoderPreset, Device, PromptKind, Quantity, Region, SampleSize, SourceWord, Sources, SpeculationKind, TextList,
};
use lem_domain::backend::Backend;
use lem_domain::spec::{BatchingStrategy, DeviceChoice, EarlyStopping, EnergySpec, RequiredGrade, ThreadWaiting, VirtualClockChoice};
use lem_domain::units::{Joules, Watts};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;
use std::time::Duration;

/// All settings, in the order in which they are shown. Their meaning is documented on [`crate::raw::RawConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) config_name: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) adapter: Option<String>,
    pub(crate) backend: Choice<Backend>,
    pub(crate) max_input_tokens: u32,
    pub(crate) max_output_tokens: u32,
    pub(crate) min_output_tokens: u32,
    pub(crate) random_seed: u64,
    pub(crate) prompts: Prompts,
    pub(crate) batching: Batching,
    pub(crate) decoder: Decoder,
    pub(crate) warmup: Warmup,
    pub(crate) energy: Energy,
    pub(crate) impact: Impact,
    pub(crate) io: Io,
    pub(crate) quantization: Quantization,
    pub(crate) candle: Candle,
    #[serde(rename = "virtual")]
    pub(crate) virtual_machine: Virtual,
}

/// Which prompts, and how many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prompts {
    pub(crate) source: Choice<PromptKind>,
    pub(crate) path: Option<String>,
    pub(crate) sample_size: SampleSize,
    pub(crate) shuffle: bool,
}

/// How requests are grouped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batching {
    pub(crate) batch_size: u32,
    pub(crate) strategy: Choice<BatchingStrategy>,
    pub(crate) max_tokens_per_batch: Option<u32>,
}

/// How the next token is chosen, and what ends a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decoder {
    pub(crate) preset: Option<Choice<DecoderPreset>>,
    pub(crate) do_sample: bool,
    pub(crate) temperature: f64,
    pub(crate) top_k: u32,
    pub(crate) top_p: f64,
    pub(crate) min_p: f64,
    pub(crate) repetition_penalty: f64,
    pub(crate) no_repeat_ngram_size: u32,
    pub(crate) ignore_eos: bool,
    pub(crate) stop: TextList,
    pub(crate) logprobs: bool,
    pub(crate) beam_search: BeamSearch,
}

/// Several continuations at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BeamSearch {
    pub(crate) num_beams: u32,
    pub(crate) length_penalty: f64,
    pub(crate) early_stopping: Choice<EarlyStopping>,
}

/// What runs before the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Warmup {
    pub(crate) requests: u32,
}

/// How energy is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Energy {
    pub(crate) backend: Sources,
    pub(crate) interval: Option<Quantity<Duration>>,
    pub(crate) require: Choice<RequiredGrade>,
    pub(crate) precision: f64,
    pub(crate) cpu: CpuPower,
    pub(crate) baseline: Baseline,
}

/// The user's figures for the estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CpuPower {
    pub(crate) idle_power_per_thread: Option<Quantity<Watts>>,
    pub(crate) max_power_per_thread: Option<Quantity<Watts>>,
}

/// How idle power is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) duration: Quantity<Duration>,
    pub(crate) keep: bool,
}

/// What energy is multiplied by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Impact {
    pub(crate) pue: Option<f64>,
    pub(crate) region: Option<Region>,
    pub(crate) grid_intensity: Option<f64>,
    pub(crate) price_per_kwh: Option<f64>,
    pub(crate) currency: Option<Currency>,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Io {
    pub(crate) results_dir: String,
}

/// What is done with the weights while they are loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantization {
    pub(crate) load_in_8bit: bool,
    pub(crate) load_in_4bit: bool,
}

/// The in-process engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candle {
    pub(crate) device: Device,
    pub(crate) threads: Option<u32>,
    pub(crate) pin_threads: bool,
    pub(crate) waiting: Choice<ThreadWaiting>,
    pub(crate) speculative: Speculative,
}

/// Guessing tokens ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Speculative {
    pub(crate) method: Choice<SpeculationKind>,
    pub(crate) model: Option<String>,
    pub(crate) num_tokens: u32,
    pub(crate) prompt_lookup_max: u32,
}

/// The simulated machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Virtual {
    pub(crate) clock: Choice<VirtualClockChoice>,
    pub(crate) ttft: Quantity<Duration>,
    pub(crate) itl: Quantity<Duration>,
    pub(crate) static_power: Quantity<Watts>,
    pub(crate) prefill_token_energy: Quantity<Joules>,
    pub(crate) output_token_energy: Quantity<Joules>,
    pub(crate) context_token_energy: Quantity<Joules>,
}

const DEFAULT_SAMPLE_SIZE: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

impl Default for Settings {
    fn default() -> Self {
        Self {
            config_name: None,
            model_name: None,
            adapter: None,
            backend: Choice(Backend::Candle),
            max_input_tokens: 512,
            max_output_tokens: 128,
            min_output_tokens: 0,
            random_seed: 42,
            prompts: Prompts {
                source: Choice(PromptKind::Embedded),
                path: None,
                sample_size: SampleSize::Count(DEFAULT_SAMPLE_SIZE),
                shuffle: false,
            },
            batching: Batching { batch_size: 1, strategy: Choice(BatchingStrategy::Static), max_tokens_per_batch: None },
            decoder: Decoder {
                preset: None,
                do_sample: true,
                temperature: 1.0,
                top_k: 50,
                top_p: 1.0,
                min_p: 0.0,
                repetition_penalty: 1.0,
                no_repeat_ngram_size: 0,
                ignore_eos: false,
                stop: TextList::default(),
                logprobs: false,
                beam_search: BeamSearch { num_beams: 1, length_penalty: 1.0, early_stopping: Choice(EarlyStopping::Heuristic) },
            },
            warmup: Warmup { requests: 1 },
            energy: Energy {
                backend: Sources::Word(Choice(SourceWord::Auto)),
                interval: None,
                require: Choice(RequiredGrade::Any),
                precision: EnergySpec::USUAL_PRECISION,
                cpu: CpuPower { idle_power_per_thread: None, max_power_per_thread: None },
                baseline: Baseline { duration: Quantity(Duration::from_secs(2)), keep: true },
            },
            // A default would be a guess that looks like a figure.
            impact: Impact::default(),
            io: Io { results_dir: "results".to_owned() },
            quantization: Quantization { load_in_8bit: false, load_in_4bit: false },
            candle: Candle {
                device: Device(DeviceChoice::Auto),
                threads: None,
                pin_threads: false,
                waiting: Choice(ThreadWaiting::Spin),
                speculative: Speculative { method: Choice(SpeculationKind::None), model: None, num_tokens: 5, prompt_lookup_max: 3 },
            },
            virtual_machine: Virtual {
                clock: Choice(VirtualClockChoice::Virtual),
                ttft: Quantity(Duration::from_millis(20)),
                itl: Quantity(Duration::from_millis(5)),
                static_power: Quantity(Watts::new(50.0)),
                prefill_token_energy: Quantity(Joules::from_millijoules(20)),
                output_token_energy: Quantity(Joules::from_millijoules(200)),
                context_token_energy: Quantity(Joules::from_microjoules(100)),
            },
        }
    }
}

impl Settings {
    /// The settings as a document, in the user's form.
    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings hold numbers, words and texts only")
    }
}
