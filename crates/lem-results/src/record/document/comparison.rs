//! What a comparison of stored results says. These documents are printed, not stored.

use super::QuantityRecord;
use crate::record::name;
use lem_domain::statistics::{Interval, Verdict};
use serde::{Deserialize, Serialize};

/// The verdict on B against A, with everything it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRecord {
    /// The figure that is compared; less of it is better.
    pub figure: String,
    /// Its unit.
    pub unit: String,
    /// What may differ and still be called the same, as a share.
    pub margin: f64,
    /// Confidence of intervals and of the verdict.
    pub confidence: f64,
    /// How many comparisons the verdict allows for.
    pub family: u64,
    /// What is compared with.
    pub a: ArmRecord,
    /// What is judged.
    pub b: ArmRecord,
    /// `better`, `same`, `ambiguous` or `worse`.
    #[serde(with = "name")]
    pub verdict: Verdict,
    /// Why there is no effect, or what a reader must know of it; null when nothing.
    pub reason: Option<String>,
    /// Smallest effect, as a share, that as many interleaved pairs find with a probability of 80 %; null where the scatter
    /// is not known.
    pub detectable: Option<f64>,
    /// The effect; null when the two cannot be compared.
    pub effect: Option<EffectRecord>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// Its results, in the order of time.
    pub experiment_ids: Vec<String>,
    /// Cycles that were measured to their end.
    pub repetitions: u64,
    /// Σ energy ÷ Σ output tokens, in `unit`; null without an energy.
    pub energy_per_output_token: Option<f64>,
    /// Its random part at the confidence of the comparison; null for fewer than two repetitions.
    pub interval: Option<ConfidenceIntervalRecord>,
}

/// Two ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceIntervalRecord {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The effect of B against A.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// B ÷ A.
    pub ratio: f64,
    /// Its interval, systematic part included.
    pub ratio_interval: ConfidenceIntervalRecord,
    /// Logarithm of the ratio.
    pub log_ratio: f64,
    /// Its interval, systematic part included.
    pub log_interval: ConfidenceIntervalRecord,
    /// Standard error of the logarithm, of the random part alone.
    pub standard_error: f64,
    /// Half-width of what repetition does not shrink: drift between runs that were not interleaved, gains of different sensors.
    pub systematic_half_width: f64,
    /// Degrees of freedom of the standard error.
    pub degrees_of_freedom: f64,
    /// Probability of an effect at least as large when there is none, adjusted for the family.
    pub adjusted_probability: f64,
    /// `interleaved` or `separate`.
    pub design: String,
    /// Blocks of neighbours; null for separate runs.
    pub blocks: Option<u64>,
    /// What was taken out: `position`, `temperature`.
    pub covariates: Vec<String>,
}

/// Results side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideBySideRecord {
    /// One entry per result, in the order asked for.
    pub sides: Vec<SideRecord>,
    /// The verdict on every result after the first, against the first.
    pub comparisons: Vec<ComparisonRecord>,
}

/// The figures of one result that stand beside those of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideRecord {
    /// The result.
    pub experiment_id: String,
    /// The model, as written in the configuration.
    pub model: String,
    /// What ran it.
    pub backend: String,
    /// Where.
    pub device: String,
    /// Cycles that were measured to their end and have an energy.
    pub cycles: u64,
    /// Requests that gave what was asked of them.
    pub completed_requests: u64,
    /// Requests that failed or were cut off.
    pub missing_requests: u64,
    /// Prompt tokens of requests that gave output.
    pub prompt_tokens: u64,
    /// Output tokens in the windows.
    pub output_tokens: u64,
    /// Graded figures, by name, in the order they are shown.
    pub figures: Vec<FigureRecord>,
    /// Latencies, by name, in the order they are shown.
    pub latencies: Vec<LatencyFigureRecord>,
    /// Random part of the energy per output token at 95 %; null for fewer than two cycles.
    pub energy_per_output_token_interval: Option<ConfidenceIntervalRecord>,
}

/// A graded figure by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureRecord {
    /// The name.
    pub name: String,
    /// The figure.
    pub quantity: QuantityRecord,
}

/// A latency by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigureRecord {
    /// The name.
    pub name: String,
    /// In seconds; null where no request gave one.
    pub seconds: Option<f64>,
}

impl From<Interval> for ConfidenceIntervalRecord {
    fn from(Interval { low, high }: Interval) -> Self {
        Self { low, high }
    }
}
