//! The documents, as the current version writes them. Absent is `null`; 0 only ever means a measured zero.

mod comparison;
mod facts;
mod finding;
mod host;
mod idle;
mod impact;
mod manifest;
mod measurement;
mod monitor;
mod observation;
mod offered;
mod process;
mod profile;
mod quantity;
mod sensor;
mod served;
mod state;
mod study;
mod summary;
mod traffic;
mod verification;

pub use comparison::{
    ArmRecord, ComparisonRecord, ConfidenceIntervalRecord, EffectRecord, FigureRecord, LatencyFigureRecord, SideBySideRecord, SideRecord,
};
pub use facts::{
    DatasetRecord, EngineRecord, ExpertLayersRecord, FlopsRecord, HubRecord, MemoryRecord, ModelRecord, ModelShapeRecord, StreamRecord,
    TemplateRecord, WindowRecord, WindowedLayersRecord,
};
pub use finding::FindingRecord;
pub use host::{HostRecord, SamplerCostRecord, SourceRecord, SourceStatusRecord};
pub use idle::{IdleLevelRecord, IdleLevelsRecord, IdleWindowRecord};
pub use impact::{MultiplierRecord, MultipliersRecord};
pub use manifest::{FileRecord, ManifestRecord};
pub use measurement::{MeasurementRecord, ProgramEndRecord, ProgramRecord};
pub use monitor::{IntervalRecord, MonitorRecord, SoFarRecord, WholeRecord};
pub use observation::{
    BoundaryEnergyRecord, BoundaryTotalRecord, DeviceEnergyRecord, ObservationRecord, SensorEnergyRecord, ThrottleReasonRecord,
    ThrottleRecord,
};
pub use offered::{ObjectivesRecord, OfferedRecord};
pub use process::{ProcessRecord, RequestRecord, WarmupRecord};
pub use profile::{FoundRecord, IdlePowerRecord, ProfileKeyRecord, ProfileRecord, SensorProfileRecord};
pub use quantity::{QuantityRecord, UncertaintyRecord, ValidityRecord};
pub use sensor::{GainRecord, SensorKindRecord, SensorRecord, StampRecord};
pub use served::{ReportedRecord, ServedRecord, ServerRecord, TokenCountsRecord};
pub use state::{IdleStateRecord, OwnerRecord, StateRecord};
pub use study::{CellRecord, StudyCellRecord, StudyRecord};
pub use summary::{
    ArithmeticRecord, CountTotalRecord, CountsRecord, CycleRecord, DistributionRecord, EnergyRecord, FailureCountRecord, GaugeRecord,
    GoodputRecord, IdleReadingRecord, ImpactRecord, LatencyRecord, LoadRecord, MarginalRecord, PathRatioRecord, ReadingRecord,
    RequestCountsRecord, ScheduleRecord, SteadyRecord, SummaryRecord, ThroughputRecord, TokenTotalsRecord, TrafficSummaryRecord,
    WasteRecord,
};
pub use traffic::{PassTrafficRecord, TrafficRecord};
pub use verification::{ProblemRecord, VerificationRecord};
