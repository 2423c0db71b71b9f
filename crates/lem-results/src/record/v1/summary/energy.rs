//! Energy and arithmetic of a summary.

use crate::record::v1::{FlopsRecord, QuantityRecord};
use crate::record::{FieldError, name};
use lem_domain::Boundary;
use lem_domain::derive::{ArithmeticSummary, EnergyReading, EnergySummary};
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

/// Floating-point operations of a run (MEASUREMENT.md §5). Counts are whole numbers and may pass 2⁶⁴.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArithmeticRecord {
    /// What the architecture needs for the tokens that were run.
    pub model: QuantityRecord<u128>,
    /// The same, by part of the model.
    pub model_parts_flops: Option<FlopsRecord>,
    /// What the engine executed.
    pub executed: QuantityRecord<u128>,
    /// Executed beyond what the model needs; empty when nothing was counted or nothing was wasted.
    pub waste: Vec<WasteRecord>,
    /// Model FLOPs ÷ window.
    pub rate: QuantityRecord,
}

/// Arithmetic that inference did not need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasteRecord {
    /// Where it went.
    pub name: String,
    /// How much.
    pub flops: u128,
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
        })
    }
}

impl ReadingRecord {
    pub(super) fn of(field: &str, reading: &EnergyReading) -> Result<Self, FieldError> {
        Ok(Self {
            sensor: reading.sensor.clone(),
            device: reading.device.as_str().to_owned(),
            device_name: reading.device_name.clone(),
            boundary: reading.boundary,
            energy: QuantityRecord::of(&format!("{field}.energy"), &reading.energy)?,
            prefill: QuantityRecord::of(&format!("{field}.prefill"), &reading.prefill)?,
            decode: QuantityRecord::of(&format!("{field}.decode"), &reading.decode)?,
        })
    }
}

impl ArithmeticRecord {
    pub(super) fn of(arithmetic: &ArithmeticSummary) -> Result<Self, FieldError> {
        Ok(Self {
            model: QuantityRecord::of_flops("arithmetic.model", &arithmetic.model)?,
            model_parts_flops: arithmetic.model_parts.map(FlopsRecord::from),
            executed: QuantityRecord::of_flops("arithmetic.executed", &arithmetic.executed)?,
            waste: arithmetic.waste.iter().map(|waste| WasteRecord { name: waste.name.to_owned(), flops: waste.flops.get() }).collect(),
            rate: QuantityRecord::of("arithmetic.rate", &arithmetic.rate)?,
        })
    }
}
