//! Traffic of a summary.

use crate::record::FieldError;
use crate::record::document::{QuantityRecord, TrafficRecord};
use lem_domain::derive::TrafficSummary;
use serde::{Deserialize, Serialize};

/// Bytes moved between memory and what computes (MEASUREMENT.md §5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficSummaryRecord {
    /// By phase; null when a process does not count.
    pub moved: Option<TrafficRecord>,
    /// Bytes of passes of output tokens alone ÷ time in which nothing but decode ran.
    pub decode_rate: QuantityRecord,
}

impl TrafficSummaryRecord {
    pub(super) fn of(traffic: &TrafficSummary) -> Result<Self, FieldError> {
        Ok(Self {
            moved: traffic.moved.map(TrafficRecord::from),
            decode_rate: QuantityRecord::of("memory_traffic.decode_rate", &traffic.decode_rate)?,
        })
    }
}
