//! The load that requests made, as it was asked for.

use crate::record::field::nanos;
use crate::record::{FieldError, finite};
use lem_domain::record::{LoadShape, OfferedLoad};
use lem_domain::spec::{ArrivalShape, ArrivalSpec, Objectives};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When requests were to come, how many at once, and what they had to keep to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedRecord {
    /// `batches`, `closed`, `open` or `trace`.
    pub shape: String,
    /// How the gaps of an open load are distributed: `constant`, `poisson` or `gamma`; null for other shapes.
    pub arrival: Option<String>,
    /// Requests per second in the mean, of an open load.
    pub rate_per_s: Option<f64>,
    /// Coefficient of variation of the gaps of `gamma`.
    pub variation: Option<f64>,
    /// Seed of the draws of an open load.
    pub seed: Option<u64>,
    /// The file of a recorded load.
    pub trace: Option<String>,
    /// Most requests in flight; null without a limit.
    pub cap: Option<u32>,
    /// Over how long the load grew to what was asked for; null when it was there at once.
    pub ramp_ns: Option<u64>,
    /// What a request had to keep to; null when nothing was asked.
    pub objectives: Option<ObjectivesRecord>,
}

/// What a request has to keep to; each null where it is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectivesRecord {
    /// Longest time to the first token.
    pub ttft_ns: Option<u64>,
    /// Longest mean time of an output token after the first.
    pub tpot_ns: Option<u64>,
    /// Longest time to the last token.
    pub end_to_end_ns: Option<u64>,
    /// Share of requests that has to.
    pub share: Option<f64>,
}

impl OfferedRecord {
    pub(super) fn of(load: &OfferedLoad) -> Result<Self, FieldError> {
        let open = if let LoadShape::Open(arrival) = &load.shape { Some(arrival) } else { None };
        let trace = if let LoadShape::Trace { file } = &load.shape { Some(file.clone()) } else { None };
        let (arrival, variation) = match open.map(|arrival| arrival.shape) {
            None => (None, None),
            Some(ArrivalShape::Constant) => (Some("constant"), None),
            Some(ArrivalShape::Poisson) => (Some("poisson"), None),
            Some(ArrivalShape::Gamma { variation }) => (Some("gamma"), Some(finite("offered.variation", variation)?)),
        };
        let is_asked = load.objectives != Objectives::default();
        Ok(Self {
            shape: load.shape.as_str().to_owned(),
            arrival: arrival.map(str::to_owned),
            rate_per_s: open.map(|arrival| finite("offered.rate_per_s", arrival.rate)).transpose()?,
            variation,
            seed: open.map(|arrival| arrival.seed),
            trace,
            cap: load.cap,
            ramp_ns: load.ramp.map(|ramp| nanos("offered.ramp_ns", ramp)).transpose()?,
            objectives: is_asked.then(|| ObjectivesRecord::of(&load.objectives)).transpose()?,
        })
    }

    pub(super) fn facts(self) -> Result<OfferedLoad, FieldError> {
        let shape = match self.shape.as_str() {
            "batches" => LoadShape::Batches,
            "closed" => LoadShape::Closed,
            "open" => LoadShape::Open(self.arrival_spec()?),
            "trace" => LoadShape::Trace { file: self.trace.ok_or_else(|| FieldError::new("offered.trace", "it is null"))? },
            stranger => return Err(FieldError::new("offered.shape", format!("unknown name `{stranger}`"))),
        };
        Ok(OfferedLoad {
            shape,
            cap: self.cap,
            ramp: self.ramp_ns.map(Duration::from_nanos),
            objectives: self.objectives.map(Objectives::from).unwrap_or_default(),
        })
    }

    fn arrival_spec(&self) -> Result<ArrivalSpec, FieldError> {
        let missing = |field: &str| FieldError::new(format!("offered.{field}"), "it is null");
        let shape = match self.arrival.as_deref() {
            Some("constant") => ArrivalShape::Constant,
            Some("poisson") => ArrivalShape::Poisson,
            Some("gamma") => ArrivalShape::Gamma { variation: self.variation.ok_or_else(|| missing("variation"))? },
            Some(stranger) => return Err(FieldError::new("offered.arrival", format!("unknown name `{stranger}`"))),
            None => return Err(missing("arrival")),
        };
        let (rate, seed) = (self.rate_per_s.ok_or_else(|| missing("rate_per_s"))?, self.seed.ok_or_else(|| missing("seed"))?);
        Ok(ArrivalSpec { shape, rate, seed })
    }
}

impl ObjectivesRecord {
    fn of(objectives: &Objectives) -> Result<Self, FieldError> {
        let limit = |field, limit: Option<Duration>| limit.map(|limit| nanos(field, limit)).transpose();
        Ok(Self {
            ttft_ns: limit("offered.objectives.ttft_ns", objectives.ttft)?,
            tpot_ns: limit("offered.objectives.tpot_ns", objectives.tpot)?,
            end_to_end_ns: limit("offered.objectives.end_to_end_ns", objectives.end_to_end)?,
            share: objectives.share.map(|share| finite("offered.objectives.share", share)).transpose()?,
        })
    }
}

impl From<ObjectivesRecord> for Objectives {
    fn from(record: ObjectivesRecord) -> Self {
        Self {
            ttft: record.ttft_ns.map(Duration::from_nanos),
            tpot: record.tpot_ns.map(Duration::from_nanos),
            end_to_end: record.end_to_end_ns.map(Duration::from_nanos),
            share: record.share,
        }
    }
}
