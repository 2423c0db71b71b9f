//! Every figure of a result one by one, under one name, with what is needed to question it.
//!
//! Exports, the report and the explorer all read results through this list, so that a figure has one name everywhere.

use crate::record::document::{DistributionRecord, QuantityRecord, SummaryRecord, UncertaintyRecord, ValidityRecord};
use lem_domain::{Boundary, Grade};
use serde::{Serialize, Serializer};

/// One figure. What has no value says why in `absence`; nothing is ever 0 because it is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Stable name with the unit in it, such as `energy_j`; a column of exports is called so.
    pub name: String,
    /// The same in words, without the unit.
    pub label: String,
    /// The value, in `unit`.
    pub value: Option<Number>,
    /// Symbol of the unit; empty for a share.
    pub unit: String,
    /// Standard uncertainty in `unit`; `None` when it is not known.
    pub uncertainty: Option<UncertaintyRecord>,
    /// Where the number came from.
    #[serde(serialize_with = "grade_name")]
    pub grade: Grade,
    /// How far to trust it.
    pub validity: ValidityRecord,
    /// Why the validity is not `ok`.
    pub validity_reason: Option<String>,
    /// What it covers, for energies and powers.
    #[serde(serialize_with = "boundary_name")]
    pub boundary: Option<Boundary>,
    /// Sensor, counter or formula.
    pub source: Option<String>,
    /// Why there is no value.
    pub absence: Option<String>,
    /// Whether it is a count, a size or a time as it was recorded, of which grade and uncertainty say nothing new.
    #[serde(skip)]
    pub plain: bool,
}

/// A number as exact as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Number {
    /// A count.
    Count(u128),
    /// Anything else; finite.
    Real(f64),
}

impl Number {
    /// The number with sixteen digits.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sixteen digits are what this is for")]
    pub fn approximate(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Real(value) => value,
        }
    }
}

/// Every figure of a result, in the order in which they are shown.
#[must_use]
pub fn figures(summary: &SummaryRecord) -> Vec<Figure> {
    let mut list = counts(summary);
    let (throughput, energy, arithmetic) = (&summary.throughput, &summary.energy, &summary.arithmetic);
    let mut add = |name: &str, label: &str, quantity: &QuantityRecord| list.push(real(name, label, quantity));
    add("output_tok_per_s", "output throughput", &throughput.output);
    add("prefill_tok_per_s", "prefill throughput", &throughput.prefill);
    add("requests_per_s", "request throughput", &throughput.requests);
    add("energy_j", "energy", &energy.total);
    add("energy_prefill_j", "energy of prefill", &energy.prefill);
    add("energy_decode_j", "energy of decode", &energy.decode);
    add("mean_power_w", "mean power", &energy.mean_power);
    add("energy_j_per_output_token", "energy per output token", &energy.per_output_token);
    add("energy_j_per_request", "energy per request", &energy.per_request);
    add("output_tok_per_j", "output tokens per joule", &energy.tokens_per_joule);
    for marginal in &energy.marginal {
        let state = marginal.state.as_str();
        add(&format!("marginal_{state}_j"), &format!("energy beyond {state}"), &marginal.energy);
        let per_token = format!("marginal_{state}_j_per_output_token");
        add(&per_token, &format!("energy beyond {state} per output token"), &marginal.per_output_token);
    }
    if let Some(impact) = &energy.impact {
        add("facility_energy_j", "energy of the building", &impact.facility_energy);
        add("carbon_g_co2e", "carbon", &impact.carbon);
        add(&cost_name(&impact.cost.unit), "cost", &impact.cost);
    }
    add("model_flop_per_s", "model FLOP/s", &arithmetic.rate);
    if let Some(traffic) = &summary.memory_traffic {
        add("decode_traffic_b_per_s", "memory traffic in decode", &traffic.decode_rate);
    }
    list.push(exact("model_flop", "model FLOPs", &arithmetic.model));
    list.push(exact("executed_flop", "executed FLOPs", &arithmetic.executed));
    list.extend(latencies(summary));
    list
}

/// Counts of requests, tokens and bytes, and the length of the window.
fn counts(summary: &SummaryRecord) -> Vec<Figure> {
    let known = |name: &str, label: &str, unit: &str, count: u64| measured(name, label, unit, Some(Number::Count(count.into())), "");
    let memory = |name: &str, label: &str, bytes: Option<u64>| {
        measured(name, label, "B", bytes.map(|bytes| Number::Count(bytes.into())), "the engine does not tell it")
    };
    vec![
        known("requests_completed", "completed requests", "req", summary.requests.completed),
        known("requests_failed", "failed requests", "req", summary.requests.failed),
        known("requests_interrupted", "interrupted requests", "req", summary.requests.interrupted),
        known("prompt_tokens", "prompt tokens", "tok", summary.tokens.prompt),
        known("output_tokens", "output tokens", "tok", summary.tokens.output),
        known("padding_tokens", "padding tokens", "tok", summary.tokens.padding),
        measured("window_s", "measured window", "s", summary.window_s.map(Number::Real), "no process opened a measured window"),
        memory("model_bytes", "model memory", summary.memory.model_bytes),
        memory("kv_cache_bytes", "memory of keys and values", summary.memory.kv_cache_bytes),
        memory("peak_host_bytes", "peak host memory", summary.memory.peak_host_bytes),
        memory("peak_device_bytes", "peak device memory", summary.memory.peak_device_bytes),
    ]
}

fn latencies(summary: &SummaryRecord) -> Vec<Figure> {
    let latency = &summary.latency;
    let kinds = [
        ("ttft", "time to first token", latency.ttft_s),
        ("service_ttft", "time to first token from the actual start", latency.service_ttft_s),
        ("dispatch_delay", "dispatch delay", latency.dispatch_delay_s),
        ("itl", "inter-token latency", latency.itl_s),
        ("tpot", "time per output token", latency.tpot_s),
        ("end_to_end", "end-to-end latency", latency.end_to_end_s),
    ];
    kinds.into_iter().flat_map(|(name, label, distribution)| of_distribution(name, label, distribution)).collect()
}

fn of_distribution(name: &str, label: &str, distribution: Option<DistributionRecord>) -> Vec<Figure> {
    let absence = "no request gave one";
    let seconds = |which: &str, words: &str, value: Option<f64>| {
        measured(&format!("{name}_{which}_s"), &format!("{label}, {words}"), "s", value.map(Number::Real), absence)
    };
    let pick = |pick: fn(&DistributionRecord) -> f64| distribution.as_ref().map(pick);
    let values = distribution.map(|distribution| Number::Count(distribution.count.into()));
    let mut list = vec![
        seconds("mean", "mean", pick(|of| of.mean)),
        seconds("p50", "median", pick(|of| of.p50)),
        seconds("p90", "90th percentile", pick(|of| of.p90)),
        seconds("p95", "95th percentile", pick(|of| of.p95)),
        seconds("p99", "99th percentile", pick(|of| of.p99)),
        seconds("max", "largest", pick(|of| of.max)),
    ];
    list.push(measured(&format!("{name}_values"), &format!("{label}, number of values"), "", values, absence));
    list
}

/// A cost is named with its currency, as far as that is a word.
fn cost_name(unit: &str) -> String {
    let currency: String = unit.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if currency.is_empty() { "cost".to_owned() } else { format!("cost_{currency}") }
}

fn measured(name: &str, label: &str, unit: &str, value: Option<Number>, absence: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        label: label.to_owned(),
        unit: unit.to_owned(),
        uncertainty: None,
        grade: if value.is_some() { Grade::Measured } else { Grade::Unavailable },
        validity: ValidityRecord::Ok,
        validity_reason: None,
        boundary: None,
        source: None,
        absence: value.is_none().then(|| absence.to_owned()),
        plain: true,
        value,
    }
}

fn real(name: &str, label: &str, quantity: &QuantityRecord) -> Figure {
    of_quantity(name, label, quantity, quantity.value.map(Number::Real))
}

fn exact(name: &str, label: &str, quantity: &QuantityRecord<u128>) -> Figure {
    of_quantity(name, label, quantity, quantity.value.map(Number::Count))
}

fn of_quantity<N>(name: &str, label: &str, quantity: &QuantityRecord<N>, value: Option<Number>) -> Figure {
    Figure {
        name: name.to_owned(),
        label: label.to_owned(),
        value,
        unit: quantity.unit.clone(),
        uncertainty: quantity.uncertainty,
        grade: quantity.grade,
        validity: quantity.validity,
        validity_reason: quantity.validity_reason.clone(),
        boundary: quantity.boundary,
        source: quantity.source.clone(),
        absence: quantity.absence.clone(),
        plain: false,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn grade_name<S: Serializer>(grade: &Grade, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(grade.as_str())
}

#[expect(clippy::ref_option, reason = "serde hands over a reference")]
pub(crate) fn boundary_name<S: Serializer>(boundary: &Option<Boundary>, serializer: S) -> Result<S::Ok, S::Error> {
    boundary.map(Boundary::as_str).serialize(serializer)
}
