//! The documents of major version 1. Absent is `null`; 0 only ever means a measured zero.

mod facts;
mod finding;
mod host;
mod manifest;
mod process;
mod quantity;
mod state;
mod summary;

pub use facts::{DatasetRecord, EngineRecord, FlopsRecord, MemoryRecord, ModelRecord, ModelShapeRecord, StreamRecord, WindowRecord};
pub use finding::FindingRecord;
pub use host::{GainRecord, HostRecord, SamplerCostRecord, SensorKindRecord, SensorRecord, SourceRecord, SourceStatusRecord};
pub use manifest::{FileRecord, ManifestRecord};
pub use process::{ProcessRecord, RequestRecord, WarmupRecord};
pub use quantity::{QuantityRecord, UncertaintyRecord, ValidityRecord};
pub use state::StateRecord;
pub use summary::{
    ArithmeticRecord, DistributionRecord, EnergyRecord, LatencyRecord, ReadingRecord, RequestCountsRecord, SummaryRecord, ThroughputRecord,
    TokenTotalsRecord, WasteRecord,
};
