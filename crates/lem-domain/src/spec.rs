//! What will run: validated and complete, in terms of this vocabulary. `lem-config` lowers configurations to it.

mod placement;
mod prompts;
mod repetition;
mod server;
mod traffic;

pub use placement::{ParallelStrategy, ParallelismSpec, PlacementSpec, Precision};
pub use prompts::{HubSource, LengthSpec, PromptSource, PromptSpec, TemplateChoice};
pub use repetition::{Objectives, RepetitionSpec, ScheduleSpec, TimeOfDay, Weekday};
pub use server::{Endpoint, Launch, ServerSpec, SettingValue};
pub use traffic::{ArrivalShape, ArrivalSpec, TrafficSpec};

use crate::backend::Backend;
use crate::impact::Multipliers;
use crate::quantity::Grade;
use crate::units::{Joules, Watts};
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// One experiment, with nothing left to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentSpec {
    /// Name chosen by the user; a label.
    pub name: String,
    /// Model reference as written: a `.gguf` file, a folder, or `org/name[@revision]` on a hub.
    pub model: String,
    /// What is done with the weights while they are loaded.
    pub weights: WeightsSpec,
    /// What runs the model.
    pub backend: Backend,
    /// On which GPUs, and how it is spread over them.
    pub placement: PlacementSpec,
    /// Token limits of every request.
    pub limits: TokenLimits,
    /// Where the prompts come from.
    pub prompts: PromptSpec,
    /// How requests are grouped.
    pub batching: BatchingSpec,
    /// Whether requests run one at a time, which gives each its own latency.
    pub one_at_a_time: bool,
    /// When requests come.
    pub traffic: TrafficSpec,
    /// How the next token is chosen, and what ends a text before its limit.
    pub sampling: SamplingSpec,
    /// Seed of every random choice of the run.
    pub seed: u64,
    /// What runs before the window opens.
    pub warmup: WarmupSpec,
    /// How energy is read.
    pub energy: EnergySpec,
    /// What the energy is multiplied by.
    pub multipliers: Multipliers,
    /// What a request has to keep to.
    pub objectives: Objectives,
    /// How often it is run.
    pub repetition: RepetitionSpec,
    /// Whether the texts of outputs are kept.
    pub keeps_texts: bool,
    /// The server that runs the model, for the backends that are one.
    pub server: Option<ServerSpec>,
    /// Settings of the in-process engine.
    pub candle: CandleSpec,
    /// The simulated machine of the `virtual` backend.
    pub virtual_machine: VirtualSpec,
}

impl ExperimentSpec {
    /// The least that an engine can run: greedily, `batch` requests at a time, without warm-up, energy or multipliers.
    #[must_use]
    pub fn plain(backend: Backend, model: &str, limits: TokenLimits, batch: u32) -> Self {
        let nothing = Joules::new(0.0);
        let law = EnergyLaw { static_power: Watts::new(0.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
        Self {
            name: "plain".to_owned(),
            model: model.to_owned(),
            weights: WeightsSpec::default(),
            backend,
            placement: PlacementSpec::default(),
            limits,
            prompts: PromptSpec::all_of(PromptSource::Embedded),
            batching: BatchingSpec { size: batch, strategy: BatchingStrategy::Static, max_tokens: None },
            one_at_a_time: false,
            traffic: TrafficSpec::default(),
            sampling: SamplingSpec::GREEDY,
            seed: 0,
            warmup: WarmupSpec::requests(0),
            energy: EnergySpec::of(EnergyChoice::None),
            multipliers: Multipliers::default(),
            objectives: Objectives::default(),
            repetition: RepetitionSpec::default(),
            keeps_texts: false,
            server: None,
            candle: CandleSpec::default(),
            virtual_machine: VirtualSpec { clock: VirtualClockChoice::Virtual, ttft: Duration::ZERO, itl: Duration::ZERO, law },
        }
    }
}

/// What is done with the weights while they are loaded. By default nothing: they run as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeightsSpec {
    /// LoRA adapter that is merged into them: a folder, or `org/name[@revision]` on a hub.
    pub adapter: Option<String>,
    /// Quantise floating-point matrices, after an adapter was merged; `None` keeps them.
    pub quantization: Option<LoadQuantization>,
    /// The type in which floating-point weights are held, and computed with at least.
    pub precision: Precision,
}

/// To how many bits matrices are quantised while they are loaded; the engine says which formats that means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadQuantization {
    /// Eight bits a weight.
    EightBit,
    /// Four bits a weight.
    FourBit,
}

impl LoadQuantization {
    /// Every choice.
    pub const ALL: &'static [Self] = &[Self::EightBit, Self::FourBit];

    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EightBit => "8bit",
            Self::FourBit => "4bit",
        }
    }
}

impl fmt::Display for LoadQuantization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Token limits of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLimits {
    /// Prompts are cut to this many tokens.
    pub max_input: u32,
    /// Generation stops here.
    pub max_output: u32,
    /// This many output tokens come before the one that ends the text: none of them is an end-of-sequence token, and no
    /// stop string is looked for in them.
    pub min_output: u32,
}

/// How requests are grouped into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchingSpec {
    /// Largest number of requests in a batch.
    pub size: u32,
    /// Rule of grouping.
    pub strategy: BatchingStrategy,
    /// Largest number of prompt tokens in a batch, for the dynamic strategies; `None` means one full prompt's worth,
    /// `max_input` tokens. Largest number of tokens in a pass, for the continuous one; `None` leaves it to the engine.
    pub max_tokens: Option<u32>,
}

/// Rule of grouping requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchingStrategy {
    /// Consecutive slices of `size`.
    Static,
    /// Consecutive requests until `size` or the token budget is reached.
    Dynamic,
    /// Sorted by prompt length, then static.
    SortedStatic,
    /// Sorted by prompt length, then dynamic.
    SortedDynamic,
    /// No batches: `size` requests run at once, and the next one starts as soon as one of them ends. Prompts run in pieces,
    /// beside the output tokens of the others. Yu et al. 2022, "Orca", OSDI; Agrawal et al. 2023, "Sarathi",
    /// arXiv 2308.16369.
    Continuous,
}

impl BatchingStrategy {
    /// Whether the strategy closes a batch on a token budget.
    #[must_use]
    pub const fn has_token_budget(self) -> bool {
        matches!(self, Self::Dynamic | Self::SortedDynamic)
    }

    /// Whether prompts are sorted by length first.
    #[must_use]
    pub const fn is_sorted(self) -> bool {
        matches!(self, Self::SortedStatic | Self::SortedDynamic)
    }
}

/// How the next token is chosen, and what ends a text before its limit.
///
/// What holds for a choice holds for both kinds of it: a penalty changes which token is the most probable one.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingSpec {
    /// Divides the positive and multiplies the negative logits of every token that prompt or output hold; positive, 1
    /// leaves them as they are. Keskar et al. 2019, "CTRL", section 4.1.
    pub repetition_penalty: f64,
    /// Forbids the token that would repeat this many tokens of prompt and output; `None` forbids nothing.
    pub no_repeat_ngram: Option<NonZeroU32>,
    /// What is done with the logits then.
    pub choice: TokenChoice,
    /// An end-of-sequence token is one like any other: the text goes on to its limit.
    pub ignore_eos: bool,
    /// Texts that end the output where they are complete; none of them is empty.
    pub stop: Vec<String>,
    /// Whether the probabilities of output tokens are kept, and of how many more probable ones beside each.
    pub logprobs: Option<u32>,
}

impl SamplingSpec {
    /// Always the token that the model finds most probable, up to its end-of-sequence token.
    pub const GREEDY: Self = Self {
        repetition_penalty: 1.0,
        no_repeat_ngram: None,
        choice: TokenChoice::Greedy,
        ignore_eos: false,
        stop: Vec::new(),
        logprobs: None,
    };
}

/// Which of the tokens that are left is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TokenChoice {
    /// Always the most probable one.
    Greedy,
    /// Drawn from the distribution after temperature, then top-k, then top-p, then min-p.
    Random {
        /// Divides the logits; positive.
        temperature: f64,
        /// Keeps this many tokens; `None` keeps all.
        top_k: Option<u32>,
        /// Keeps the smallest set of tokens whose probabilities reach this sum, in (0, 1].
        top_p: f64,
        /// Keeps the tokens that are at least this probable relative to the most probable one, in [0, 1]; 0 keeps all.
        min_p: f64,
    },
    /// The most probable of several continuations that are followed at once.
    Beams(BeamSpec),
}

/// How continuations are followed in a beam search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeamSpec {
    /// Continuations followed at once.
    pub width: NonZeroUsize,
    /// Exponent of the length that the logarithm of a continuation's probability is divided by: above 0 favours long
    /// ones. Wu et al. 2016, "Google's Neural Machine Translation System", section 7, in the form of transformers.
    pub length_penalty: f64,
    /// When a search ends.
    pub early_stopping: EarlyStopping,
}

/// When a beam search ends, once as many continuations have ended as are followed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyStopping {
    /// Then.
    AtWidth,
    /// When the best running one would, at its present length, be no better than the worst of them.
    Heuristic,
    /// When no running one can become better than the worst of them.
    Never,
}

/// What runs before the measured window opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupSpec {
    /// Full-length requests run and thrown away; the fewest where they go on until figures are stable.
    pub requests: u32,
    /// When they end beyond that; `None` ends them then.
    pub until_stable: Option<StabilitySpec>,
}

impl WarmupSpec {
    /// So many requests.
    #[must_use]
    pub const fn requests(requests: u32) -> Self {
        Self { requests, until_stable: None }
    }
}

/// When power and latency count as stable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StabilitySpec {
    /// Most requests, stable or not.
    pub max_requests: u32,
    /// The last requests that are looked at.
    pub window: u32,
    /// Largest coefficient of variation within them.
    pub variation: f64,
    /// Least time that warm-up takes.
    pub min_duration: Duration,
}

/// How energy is read.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergySpec {
    /// Which sources.
    pub sources: EnergyChoice,
    /// Time between two samples; `None` leaves it to each sensor: half its update period, 50 ms while that is unknown.
    pub interval: Option<Duration>,
    /// Watts per hardware thread that replace the table's row in the processor estimate.
    pub cpu_power: Option<CpuPowerOverride>,
    /// Worst grade that a headline energy may have.
    pub required: RequiredGrade,
    /// Largest half-width of the 95 % interval of the random part, relative to the energy, before it is `limited`.
    pub precision: f64,
    /// How idle power is found.
    pub baseline: BaselineSpec,
}

impl EnergySpec {
    /// Half-width of the random part that is asked for where nobody says: 5 %.
    pub const USUAL_PRECISION: f64 = 0.05;

    /// These sources, each sensor at its own rate, any grade, and no idle power.
    #[must_use]
    pub const fn of(sources: EnergyChoice) -> Self {
        Self {
            sources,
            interval: None,
            cpu_power: None,
            required: RequiredGrade::Any,
            precision: Self::USUAL_PRECISION,
            baseline: BaselineSpec { duration: Duration::ZERO, keep: false },
        }
    }
}

/// How idle power is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaselineSpec {
    /// How long each idle state is watched; zero leaves idle power out.
    pub duration: Duration,
    /// Whether levels of earlier runs are used while a short check finds them unchanged.
    pub keep: bool,
}

/// Which sources of energy readings are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnergyChoice {
    /// Every sensor that works here; the estimate where there is none for the processor.
    Auto,
    /// These and no other; one that is not there is an error.
    Only(Vec<EnergySource>),
    /// None: energy is unavailable by choice.
    None,
}

/// A kind of source of energy readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnergySource {
    /// NVIDIA boards, by NVML.
    Nvml,
    /// Processor and memory, by RAPL.
    Rapl,
    /// AMD boards, by amd-smi or their hwmon files.
    Amd,
    /// Other power and energy sensors of the host: hwmon, battery, ACPI.
    Hwmon,
    /// The estimate from processor load.
    Estimate,
    /// The sensors of the virtual machine.
    Virtual,
}

impl EnergySource {
    /// Every source, the most trusted first.
    pub const ALL: &'static [Self] = &[Self::Nvml, Self::Rapl, Self::Amd, Self::Hwmon, Self::Estimate, Self::Virtual];

    /// The name in configurations and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nvml => "nvml",
            Self::Rapl => "rapl",
            Self::Amd => "amd",
            Self::Hwmon => "hwmon",
            Self::Estimate => "estimate",
            Self::Virtual => "virtual",
        }
    }
}

impl fmt::Display for EnergySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The user's own power figures for one hardware thread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuPowerOverride {
    /// Power of an idle thread.
    pub idle: Watts,
    /// Power of a busy thread.
    pub max: Watts,
}

/// Worst grade that a headline energy may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredGrade {
    /// Anything, also none.
    Any,
    /// At least an estimate.
    Estimated,
    /// Measured or derived from measured values.
    Measured,
}

impl RequiredGrade {
    /// The worst grade that satisfies it; `None` when even no energy does.
    #[must_use]
    pub const fn worst_accepted(self) -> Option<Grade> {
        match self {
            Self::Any => None,
            Self::Estimated => Some(Grade::Estimated),
            // What is derived from measured values alone counts as measured (MEASUREMENT.md §1).
            Self::Measured => Some(Grade::Derived),
        }
    }
}

/// Settings of the in-process engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CandleSpec {
    /// What the model runs on.
    pub device: DeviceChoice,
    /// Threads for tensor work on the processor; `None` leaves the choice to the machine's physical cores.
    pub threads: Option<u32>,
    /// Whether threads are kept each on a processor of its own, all but the one that calls.
    pub pin_threads: bool,
    /// How threads wait for each other between two products.
    pub waiting: ThreadWaiting,
    /// Guessing tokens ahead; `None` does not.
    pub speculation: Option<SpeculationSpec>,
}

/// How a thread waits for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThreadWaiting {
    /// It looks again and again for some tens of microseconds, then as [`Self::Yield`].
    #[default]
    Spin,
    /// It offers its processor to others some hundred times, then sleeps.
    Yield,
    /// It sleeps at once: the least power while it waits, and the longest time to go on.
    Sleep,
}

/// Guessing tokens ahead, so that one pass confirms several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeculationSpec {
    /// What guesses.
    pub method: SpeculationMethod,
    /// Most tokens guessed at once; at least 1.
    pub tokens: u32,
}

/// What guesses tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeculationMethod {
    /// What followed the last tokens where they stood before in prompt and output; up to so many are looked for.
    PromptLookup {
        /// Largest number of tokens that are looked for; at least 1.
        ngram: u32,
    },
    /// A smaller model with the same vocabulary, by its reference.
    DraftModel(String),
}

/// What a model runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU, where the program can run on one, it is there, and no threads are asked for; else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The NVIDIA GPU of this number, as CUDA counts them.
    Cuda(u32),
}

/// The simulated machine: known physics, so that every derived figure has a known truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VirtualSpec {
    /// Which clock its time passes on.
    pub clock: VirtualClockChoice,
    /// Time from the start of a batch to the first token of its requests.
    pub ttft: Duration,
    /// Time between two output tokens of a request.
    pub itl: Duration,
    /// Energy as a law of time and tokens.
    pub law: EnergyLaw,
}

/// Which clock a virtual machine runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VirtualClockChoice {
    /// Simulated: a run takes no real time.
    Virtual,
    /// The host's: the same world is played back in real time.
    Real,
}

/// E = static power × time + a × prefill tokens + b × output tokens + c × context tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyLaw {
    /// Power that flows at all times.
    pub static_power: Watts,
    /// Energy of one prompt token in prefill.
    pub prefill_token: Joules,
    /// Energy of one output token.
    pub output_token: Joules,
    /// Energy of attending to one token of context while an output token is made.
    pub context_token: Joules,
}
