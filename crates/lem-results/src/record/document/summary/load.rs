//! The load of a summary, and its steady part.

use crate::record::document::QuantityRecord;
use crate::record::{FieldError, finite, name};
use lem_domain::derive::{CountReconciliation, Goodput, LoadSummary, Schedule, SteadyRule, SteadyState, SteadyVerdict};
use lem_domain::record::RequestFailure;
use lem_domain::token::CountSource;
use serde::{Deserialize, Serialize};

/// The load, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Requests without a result, by what happened to them.
    pub failures: Vec<FailureCountRecord>,
    /// Most requests in flight at once.
    pub most_in_flight: u64,
    /// Mean number in flight over the window.
    pub mean_in_flight: Option<f64>,
    /// Completed requests per second × their mean time in flight ÷ the mean number in flight.
    pub little_ratio: Option<f64>,
    /// Share of requests that the limit of requests in flight held back; null where none could be.
    pub capped_share: Option<f64>,
    /// Whether requests started when they were meant to; null where they do not come at instants.
    pub schedule: Option<ScheduleRecord>,
    /// Requests that kept to the objectives; null where nothing was asked.
    pub goodput: Option<GoodputRecord>,
    /// How counts of output tokens compare; null where no server ran.
    pub counts: Option<CountsRecord>,
}

/// So many requests failed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCountRecord {
    /// What happened to them.
    #[serde(with = "name")]
    pub failure: RequestFailure,
    /// How many.
    pub requests: u64,
}

/// Intended and actual starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRecord {
    /// Requests per second, as intended.
    pub intended_rate_per_s: Option<f64>,
    /// Requests per second, as they started.
    pub achieved_rate_per_s: Option<f64>,
    /// Achieved ÷ intended.
    pub fidelity: Option<f64>,
}

/// Requests that kept to the objectives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodputRecord {
    /// How many did.
    pub met: u64,
    /// Of how many.
    pub of: u64,
    /// Share that did.
    pub share: Option<f64>,
    /// Share that was asked for.
    pub asked_share: Option<f64>,
    /// Those that did ÷ common wall window.
    pub rate: QuantityRecord,
}

/// How counts of output tokens compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountsRecord {
    /// Requests whose counts differ by more than they may.
    pub differing_requests: u64,
    /// Requests that nobody counted.
    pub uncounted_requests: u64,
    /// Sums by source.
    pub totals: Vec<CountTotalRecord>,
    /// Largest difference of two sums over the requests that both sources counted, relative to the greater.
    pub total_difference: Option<f64>,
    /// Prompt tokens that came from a cache; null where the server does not say.
    pub cached_prompt_tokens: Option<u64>,
}

/// What one source counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountTotalRecord {
    /// Who counted.
    #[serde(with = "name")]
    pub source: CountSource,
    /// Output tokens.
    pub tokens: u64,
    /// Of so many requests.
    pub requests: u64,
}

/// The part of a run in which the load was steady.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteadyRecord {
    /// By what it was found.
    #[serde(with = "name")]
    pub rule: SteadyRule,
    /// How far it can be trusted.
    #[serde(with = "name")]
    pub verdict: SteadyVerdict,
    /// Its length in seconds, of all cycles together; null when there is none.
    pub span_s: Option<f64>,
    /// Seconds after the window opened at which it begins; null when there is none, or several cycles.
    pub from_s: Option<f64>,
    /// Seconds after the window opened at which it ends; null when there is none, or several cycles.
    pub to_s: Option<f64>,
    /// Output tokens in it.
    pub output_tokens: u64,
    /// Requests that ended in it.
    pub completed_requests: u64,
    /// Output tokens ÷ its length.
    pub throughput: QuantityRecord,
    /// Energy.
    pub energy: QuantityRecord,
    /// Energy ÷ its length.
    pub mean_power: QuantityRecord,
    /// Energy ÷ output tokens in it.
    pub per_output_token: QuantityRecord,
}

impl LoadRecord {
    pub(super) fn of(load: &LoadSummary) -> Result<Self, FieldError> {
        let number = |field, value: Option<f64>| value.map(|value| finite(field, value)).transpose();
        Ok(Self {
            failures: load.failures.iter().map(|&(failure, requests)| FailureCountRecord { failure, requests }).collect(),
            most_in_flight: load.most_in_flight,
            mean_in_flight: number("load.mean_in_flight", load.mean_in_flight)?,
            little_ratio: number("load.little_ratio", load.little_ratio)?,
            capped_share: number("load.capped_share", load.capped_share)?,
            schedule: load.schedule.map(ScheduleRecord::of).transpose()?,
            goodput: load.goodput.as_ref().map(GoodputRecord::of).transpose()?,
            counts: load.counts.as_ref().map(CountsRecord::of).transpose()?,
        })
    }
}

impl ScheduleRecord {
    fn of(schedule: Schedule) -> Result<Self, FieldError> {
        let number = |field, value: Option<f64>| value.map(|value| finite(field, value)).transpose();
        Ok(Self {
            intended_rate_per_s: number("load.schedule.intended_rate_per_s", schedule.intended_rate)?,
            achieved_rate_per_s: number("load.schedule.achieved_rate_per_s", schedule.achieved_rate)?,
            fidelity: number("load.schedule.fidelity", schedule.fidelity)?,
        })
    }
}

impl GoodputRecord {
    fn of(goodput: &Goodput) -> Result<Self, FieldError> {
        Ok(Self {
            met: goodput.met,
            of: goodput.of,
            share: goodput.share(),
            asked_share: goodput.asked_share.map(|share| finite("load.goodput.asked_share", share)).transpose()?,
            rate: QuantityRecord::of("load.goodput.rate", &goodput.rate)?,
        })
    }
}

impl CountsRecord {
    fn of(counts: &CountReconciliation) -> Result<Self, FieldError> {
        let total = |&(source, tokens, requests): &(CountSource, u64, u64)| CountTotalRecord { source, tokens, requests };
        Ok(Self {
            differing_requests: counts.differing,
            uncounted_requests: counts.uncounted,
            totals: counts.totals.iter().map(total).collect(),
            total_difference: counts.total_difference.map(|value| finite("load.counts.total_difference", value)).transpose()?,
            cached_prompt_tokens: counts.cached_prompt,
        })
    }
}

impl SteadyRecord {
    pub(super) fn of(steady: &SteadyState) -> Result<Self, FieldError> {
        Ok(Self {
            rule: steady.rule,
            verdict: steady.verdict,
            span_s: steady.span.map(|span| finite("steady.span_s", span.get())).transpose()?,
            from_s: steady.from.map(|from| finite("steady.from_s", from.get())).transpose()?,
            to_s: steady.to.map(|to| finite("steady.to_s", to.get())).transpose()?,
            output_tokens: steady.output.get(),
            completed_requests: steady.completed,
            throughput: QuantityRecord::of("steady.throughput", &steady.throughput)?,
            energy: QuantityRecord::of("steady.energy", &steady.energy)?,
            mean_power: QuantityRecord::of("steady.mean_power", &steady.mean_power)?,
            per_output_token: QuantityRecord::of("steady.per_output_token", &steady.per_output_token)?,
        })
    }
}
