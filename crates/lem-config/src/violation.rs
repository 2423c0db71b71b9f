//! What is wrong with a setting, as data with a stable code.

use crate::document::Position;
use crate::origin::Origin;
use std::fmt;

macro_rules! rule_codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $code:literal),+ $(,)?) => {
        /// Stable codes of the rules. A code once released keeps its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl RuleCode {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as written in messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What the rule is about, as its documentation says it.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

rule_codes! {
    /// There is no setting of this name.
    UnknownKey => "C001",
    /// The value is of another type than the setting.
    WrongType => "C002",
    /// The word is none of the setting's words.
    UnknownWord => "C003",
    /// The value cannot be read: a quantity without a unit, a number out of any range.
    Unreadable => "C004",
    /// The value lies outside the setting's bounds.
    OutOfBounds => "C005",
    /// The setting has no effect on the backend.
    Unsupported => "C010",
    /// `min_output_tokens` above `max_output_tokens`.
    OutputLimitsCrossed => "C011",
    /// A prompt source without its place: `file` without `prompts.path`, `hub` without `prompts.dataset`, a trace of
    /// lengths without its file.
    PromptPathMissing => "C012",
    /// `prompts.path` or `prompts.dataset` beside another source.
    PromptPathUnused => "C013",
    /// Virtual sensors without a virtual machine.
    VirtualSensorsElsewhere => "C014",
    /// A sensor of the host cannot follow simulated time.
    SensorOnSimulatedClock => "C015",
    /// One of the two powers per thread without the other.
    CpuPowerIncomplete => "C016",
    /// An idle thread draws more than a busy one.
    CpuPowerCrossed => "C017",
    /// Powers per thread without the estimate that they belong to.
    CpuPowerUnused => "C018",
    /// The energy source can never reach the required grade.
    GradeUnreachable => "C019",
    /// A list of energy sources names one of them twice.
    SourceRepeated => "C020",
    /// A list of energy sources holds `auto` or `none`.
    NotASource => "C021",
    /// A region and an own figure for its grid.
    GridGivenTwice => "C022",
    /// A price without its currency, or a currency without a price.
    PriceIncomplete => "C023",
    /// `quantization.load_in_8bit` beside `quantization.load_in_4bit`.
    TwoBitWidths => "C024",
    /// `candle.speculative.method: draft_model` without `candle.speculative.model`.
    DraftModelMissing => "C025",
    /// `candle.speculative.model` without `candle.speculative.method: draft_model`.
    DraftModelUnused => "C026",
    /// A beam search beside a setting that it has no part in.
    BesideBeams => "C027",
    /// A setting under its former name beside another value under today's.
    SaidTwice => "C028",
    /// Quantisation without a number of bits.
    NoBitWidth => "C029",
    /// The user file says something about experiments rather than about the machine.
    NotOfMachine => "C030",
    /// The shortest synthetic prompt is longer than the longest.
    LengthsCrossed => "C031",
    /// All of prompts that have no end.
    PromptsWithoutEnd => "C032",
    /// A chat template beside prompts of exact lengths.
    TemplateBesideSynthetic => "C033",
    /// `prompts.system` without a chat template.
    SystemWithoutTemplate => "C034",
    /// `traffic.arrival` without `traffic.rate`.
    ArrivalWithoutRate => "C035",
    /// `traffic.rate` without `traffic.arrival`.
    RateWithoutArrival => "C036",
    /// `traffic.arrival: gamma` without `traffic.burstiness`.
    BurstinessMissing => "C037",
    /// Arrivals where requests start in batches.
    ArrivalBesideBatches => "C038",
    /// A schedule without `schedule.interval` and `schedule.at`.
    ScheduleWithoutTime => "C039",
    /// A schedule with both `schedule.interval` and `schedule.at`.
    ScheduleTimesTwice => "C040",
    /// `parallelism.degree` above the number of `gpus`.
    DegreeBeyondGpus => "C041",
    /// Several GPUs for an engine that runs a model on one.
    SeveralDevices => "C042",
    /// `candle.device` and `gpus` name different devices.
    DeviceSaidTwice => "C043",
    /// `statistics.target_half_width` with fewer cycles than it is judged from.
    TargetWithoutCycles => "C044",
    /// `warmup.max_requests` below what other settings of warm-up ask for.
    WarmupCrossed => "C045",
    /// A server that runs already, without its address.
    AddressMissing => "C046",
    /// A command, an image or an address beside a launcher that does not look at it.
    PlaceOfOtherLauncher => "C047",
    /// `traffic.trace` beside `traffic.arrival`.
    TraceBesideArrival => "C048",
    /// Advice: outputs of more tokens than usual.
    LongOutputs => "C101",
    /// Advice: `fp_precision: float32` beside quantised weights.
    FullPrecisionQuantised => "C102",
    /// Advice: a dynamic strategy of batching without a token budget.
    BudgetLeftOut => "C103",
    /// Advice: a strategy that groups requests, in batches of one.
    GroupsOfOne => "C104",
    /// Advice: a strategy of parallelism over one device.
    DividedByOne => "C105",
    /// Advice: tensor parallelism of quantised weights.
    TensorParallelQuantised => "C106",
    /// Advice: tensor parallelism of a model whose name tells no family.
    TensorParallelOfUnknown => "C107",
    /// Advice: both `decoder.temperature` and `decoder.top_p` changed.
    TwoTruncations => "C108",
    /// Advice: more requests per second than most servers answer.
    ManyRequests => "C109",
}

impl fmt::Display for RuleCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub code: RuleCode,
    /// Dotted path of the setting.
    pub path: String,
    /// Where the value came from.
    pub origin: Origin,
    /// Where the key stands in the file, when it came from one whose reader tells.
    pub position: Option<Position>,
    /// What is wrong, with the value.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(no name)" } else { &self.path };
        write!(formatter, "{path}: {} ({}", self.message, self.origin)?;
        if let Some(position) = self.position {
            write!(formatter, ", {position}")?;
        }
        write!(formatter, ") [{}]", self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::RuleCode;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(RuleCode::ALL.is_sorted_by(|before, after| before.as_str() < after.as_str()));
    }
}
