//! One cycle of a summary.

use super::{RequestCountsRecord, TokenTotalsRecord};
use crate::record::document::QuantityRecord;
use crate::record::{FieldError, finite};
use lem_domain::derive::CycleSummary;
use serde::{Deserialize, Serialize};

/// The figures of one measured window, which intervals over cycles are made of (MEASUREMENT.md §8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CycleRecord {
    /// Whether it was measured to the end.
    pub is_whole: bool,
    /// Length of the common wall window, in seconds; null when no process opened one.
    pub window_s: Option<f64>,
    /// Requests by outcome.
    pub requests: RequestCountsRecord,
    /// Tokens by kind.
    pub tokens: TokenTotalsRecord,
    /// Output tokens ÷ window.
    pub output_throughput: QuantityRecord,
    /// Gross energy of the window.
    pub energy: QuantityRecord,
    /// Energy ÷ output tokens.
    pub energy_per_output_token: QuantityRecord,
    /// Energy ÷ window.
    pub mean_power: QuantityRecord,
}

impl CycleRecord {
    pub(super) fn of(cycle: &CycleSummary) -> Result<Self, FieldError> {
        Ok(Self {
            is_whole: cycle.is_whole(),
            window_s: cycle.window.map(|span| finite("window_s", span.get())).transpose()?,
            requests: cycle.requests.into(),
            tokens: cycle.tokens.into(),
            output_throughput: QuantityRecord::of("output_throughput", &cycle.output_throughput)?,
            energy: QuantityRecord::of("energy", &cycle.energy)?,
            energy_per_output_token: QuantityRecord::of("energy_per_output_token", &cycle.per_output_token)?,
            mean_power: QuantityRecord::of("mean_power", &cycle.mean_power)?,
        })
    }
}
