//! Arithmetic of a summary.

use crate::record::FieldError;
use crate::record::document::{FlopsRecord, QuantityRecord};
use lem_domain::derive::ArithmeticSummary;
use serde::{Deserialize, Serialize};

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
