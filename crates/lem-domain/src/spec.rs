//! What will run: validated and complete, in terms of this vocabulary. `lem-config` lowers configurations to it.

use crate::backend::Backend;
use crate::units::{Joules, Watts};
use std::time::Duration;

/// One experiment, with nothing left to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentSpec {
    /// Name chosen by the user; a label.
    pub name: String,
    /// Model reference as written: a `.gguf` file, a folder, or `org/name[@revision]` on a hub.
    pub model: String,
    /// What runs the model.
    pub backend: Backend,
    /// Token limits of every request.
    pub limits: TokenLimits,
    /// Where the prompts come from.
    pub prompts: PromptSpec,
    /// How requests are grouped.
    pub batching: BatchingSpec,
    /// How the next token is chosen.
    pub sampling: SamplingSpec,
    /// Seed of every random choice of the run.
    pub seed: u64,
    /// What runs before the window opens.
    pub warmup: WarmupSpec,
    /// How energy is read.
    pub energy: EnergySpec,
    /// Settings of the in-process engine.
    pub candle: CandleSpec,
    /// The simulated machine of the `virtual` backend.
    pub virtual_machine: VirtualSpec,
}

/// Token limits of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLimits {
    /// Prompts are cut to this many tokens.
    pub max_input: u32,
    /// Generation stops here.
    pub max_output: u32,
    /// The end-of-sequence token is not chosen before this many output tokens.
    pub min_output: u32,
}

/// Which prompts, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptSpec {
    /// Their source.
    pub source: PromptSource,
    /// How many are used; `None` uses all.
    pub count: Option<usize>,
    /// Whether they are shuffled with the run's seed before the first `count` are taken.
    pub shuffle: bool,
}

/// Where prompts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptSource {
    /// The set that ships inside the program.
    Embedded,
    /// A text file with one prompt per non-empty line.
    TextFile(std::path::PathBuf),
}

/// How requests are grouped into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchingSpec {
    /// Largest number of requests in a batch.
    pub size: u32,
    /// Rule of grouping.
    pub strategy: BatchingStrategy,
    /// Largest number of prompt tokens in a batch, for the dynamic strategies. `None` means one full prompt's worth,
    /// `max_input` tokens.
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

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SamplingSpec {
    /// Always the most probable token.
    Greedy,
    /// Drawn from the distribution after temperature, then top-k, then top-p.
    Random {
        /// Divides the logits; positive.
        temperature: f64,
        /// Keeps this many tokens; `None` keeps all.
        top_k: Option<u32>,
        /// Keeps the smallest set of tokens whose probabilities reach this sum, in (0, 1].
        top_p: f64,
    },
}

/// What runs before the measured window opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmupSpec {
    /// Full-length requests run and thrown away.
    pub requests: u32,
}

/// How energy is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergySpec {
    /// Which source.
    pub source: EnergyChoice,
    /// Time between two samples.
    pub interval: Duration,
    /// Watts per hardware thread that replace the table's row in the processor estimate.
    pub cpu_power: Option<CpuPowerOverride>,
    /// Worst grade that a headline energy may have.
    pub required: RequiredGrade,
}

/// Which source of energy readings is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnergyChoice {
    /// The best one that works here.
    Auto,
    /// The estimate from processor load.
    Estimate,
    /// The sensors of the virtual machine.
    Virtual,
    /// None: energy is unavailable by choice.
    None,
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

/// Settings of the in-process engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleSpec {
    /// Threads for tensor work; `None` leaves the choice to the machine's physical cores.
    pub threads: Option<u32>,
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
