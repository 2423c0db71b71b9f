//! Energy of a summary.

use super::{ImpactRecord, MarginalRecord};
use crate::record::document::QuantityRecord;
use crate::record::field::each;
use crate::record::{FieldError, finite, name};
use lem_domain::Boundary;
use lem_domain::derive::{EnergyReading, EnergySummary, PathRatio};
use serde::{Deserialize, Serialize};

/// Energy of a run (MEASUREMENT.md §4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyRecord {
    /// Gross energy of the window: the headline.
    pub total: QuantityRecord,
    /// While only prefill ran.
    pub prefill: QuantityRecord,
    /// While only decode ran.
    pub decode: QuantityRecord,
    /// Energy ÷ window.
    pub mean_power: QuantityRecord,
    /// Energy ÷ output tokens.
    pub per_output_token: QuantityRecord,
    /// Energy ÷ completed requests.
    pub per_request: QuantityRecord,
    /// Output tokens ÷ energy.
    pub tokens_per_joule: QuantityRecord,
    /// Energy beyond that of each idle state; secondary to `total`. Since 2.0.
    #[serde(default)]
    pub marginal: Vec<MarginalRecord>,
    /// Carbon and cost; null before 2.0.
    pub impact: Option<ImpactRecord>,
}

/// What one sensor saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingRecord {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What the reading covers.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// Over the measured window.
    pub energy: QuantityRecord,
    /// Over the time in which only prefill ran.
    pub prefill: QuantityRecord,
    /// Over the time in which only decode ran.
    pub decode: QuantityRecord,
}

/// How two measured sensors of one device and boundary compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathRatioRecord {
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What both cover.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// The sensor above the line: the counter, where one of the two is one.
    pub first: String,
    /// The sensor below the line.
    pub second: String,
    /// Energy by the first ÷ energy by the second.
    pub ratio: f64,
}

impl EnergyRecord {
    pub(super) fn of(energy: &EnergySummary) -> Result<Self, FieldError> {
        Ok(Self {
            total: QuantityRecord::of("energy.total", &energy.total)?,
            prefill: QuantityRecord::of("energy.prefill", &energy.prefill)?,
            decode: QuantityRecord::of("energy.decode", &energy.decode)?,
            mean_power: QuantityRecord::of("energy.mean_power", &energy.mean_power)?,
            per_output_token: QuantityRecord::of("energy.per_output_token", &energy.per_output_token)?,
            per_request: QuantityRecord::of("energy.per_request", &energy.per_request)?,
            tokens_per_joule: QuantityRecord::of("energy.tokens_per_joule", &energy.tokens_per_joule)?,
            marginal: each("energy.marginal", &energy.marginal, MarginalRecord::of)?,
            impact: Some(ImpactRecord::of("energy.impact", &energy.impact)?),
        })
    }
}

impl ReadingRecord {
    pub(super) fn of(reading: &EnergyReading) -> Result<Self, FieldError> {
        Ok(Self {
            sensor: reading.sensor.clone(),
            device: reading.device.as_str().to_owned(),
            device_name: reading.device_name.clone(),
            boundary: reading.boundary,
            energy: QuantityRecord::of("energy", &reading.energy)?,
            prefill: QuantityRecord::of("prefill", &reading.prefill)?,
            decode: QuantityRecord::of("decode", &reading.decode)?,
        })
    }
}

impl PathRatioRecord {
    pub(in crate::record::document) fn of(path: &PathRatio) -> Result<Self, FieldError> {
        Ok(Self {
            device: path.device.as_str().to_owned(),
            device_name: path.device_name.clone(),
            boundary: path.boundary,
            first: path.first.clone(),
            second: path.second.clone(),
            ratio: finite("ratio", path.ratio)?,
        })
    }
}
