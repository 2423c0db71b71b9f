//! Bytes that passes moved.

use lem_domain::traffic::{MemoryTraffic, PassTraffic};
use lem_domain::units::Bytes;
use serde::{Deserialize, Serialize};

/// By phase: passes with prompt tokens, and passes of output tokens alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficRecord {
    /// Passes with prompt tokens.
    pub prefill: PassTrafficRecord,
    /// Passes of output tokens alone.
    pub decode: PassTrafficRecord,
}

/// What some passes moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassTrafficRecord {
    /// How many.
    pub passes: u64,
    /// Weights read, as they lie in memory.
    pub weights_bytes: u64,
    /// Keys and values read.
    pub kv_read_bytes: u64,
    /// Keys and values written.
    pub kv_written_bytes: u64,
}

impl From<MemoryTraffic> for TrafficRecord {
    fn from(traffic: MemoryTraffic) -> Self {
        Self { prefill: traffic.prefill.into(), decode: traffic.decode.into() }
    }
}

impl From<TrafficRecord> for MemoryTraffic {
    fn from(record: TrafficRecord) -> Self {
        Self { prefill: record.prefill.into(), decode: record.decode.into() }
    }
}

impl From<PassTraffic> for PassTrafficRecord {
    fn from(traffic: PassTraffic) -> Self {
        let PassTraffic { passes, weights, kv_read, kv_written } = traffic;
        Self { passes, weights_bytes: weights.get(), kv_read_bytes: kv_read.get(), kv_written_bytes: kv_written.get() }
    }
}

impl From<PassTrafficRecord> for PassTraffic {
    fn from(record: PassTrafficRecord) -> Self {
        let PassTrafficRecord { passes, weights_bytes, kv_read_bytes, kv_written_bytes } = record;
        Self { passes, weights: Bytes::new(weights_bytes), kv_read: Bytes::new(kv_read_bytes), kv_written: Bytes::new(kv_written_bytes) }
    }
}
