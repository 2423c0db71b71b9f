//! `raw/host.json`: what the host wrote down, without its samples.

use super::{IdleLevelRecord, IdleWindowRecord, MultipliersRecord, SensorRecord, StreamRecord};
use crate::record::field::{each, nanos};
use crate::record::{FieldError, SchemaVersion, finite};
use lem_domain::record as domain;
use lem_domain::sensor::{self, SamplerCost, SensorSample, SourceStatus, SourceVerdict};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What one host recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Time between two reads of every sensor, in nanoseconds; only before 2.0, since when each sensor has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ns: Option<u64>,
    /// The sensors, in the order that samples refer to.
    pub sensors: Vec<SensorRecord>,
    /// What became of every source that could have been used.
    pub sources: Vec<SourceRecord>,
    /// Cost of sampling.
    pub cost: SamplerCostRecord,
    /// When the machine was left idle, by state.
    #[serde(default)]
    pub idle: Vec<IdleWindowRecord>,
    /// Idle levels that earlier runs found and that still hold.
    #[serde(default)]
    pub kept_idle: Vec<IdleLevelRecord>,
    /// Largest relative half-width of the 95 % interval of the random part that was asked for; null before 2.0.
    #[serde(default)]
    pub asked_precision: Option<f64>,
    /// What the energy is multiplied by.
    #[serde(default)]
    pub multipliers: MultipliersRecord,
    /// The samples, in `host.samples.parquet`.
    pub samples: StreamRecord,
}

/// What came of asking one possible source of energy readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The source.
    pub source: String,
    /// What it said.
    pub verdict: SourceStatusRecord,
}

/// Verdict of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SourceStatusRecord {
    /// It gives readings.
    Works,
    /// It is there and gives no usable readings.
    Broken {
        /// Why.
        reason: String,
    },
    /// It is there and may not be read.
    NotPermitted {
        /// What was refused.
        reason: String,
        /// What to do about it.
        fix: String,
    },
    /// It is not there.
    Absent {
        /// How that was found.
        reason: String,
    },
    /// The configuration left it out.
    NotAsked,
}

/// What the act of sampling cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplerCostRecord {
    /// Ticks that were due.
    pub ticks: u64,
    /// Ticks that were skipped.
    pub missed_ticks: u64,
    /// Processor time of the sampler, in nanoseconds; null where the platform does not tell.
    pub cpu_time_ns: Option<u64>,
    /// Median duration of one round of reads, in nanoseconds.
    pub read_p50_ns: Option<u64>,
    /// 99th percentile of the duration of one round of reads, in nanoseconds.
    pub read_p99_ns: Option<u64>,
}

impl HostRecord {
    /// The document of a record whose samples lie in `samples`.
    pub(crate) fn of(host: &domain::HostRecord, samples: StreamRecord) -> Result<Self, FieldError> {
        let meter = &host.meter;
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            interval_ns: None,
            sensors: each("sensors", &meter.sensors, SensorRecord::of)?,
            sources: meter.sources.iter().map(SourceRecord::from).collect(),
            cost: SamplerCostRecord::of(meter.cost).map_err(|error| error.within("cost"))?,
            idle: each("idle", &host.idle, IdleWindowRecord::of)?,
            kept_idle: each("kept_idle", &host.kept_idle, IdleLevelRecord::of)?,
            asked_precision: host.asked_precision.map(|share| finite("asked_precision", share)).transpose()?,
            multipliers: MultipliersRecord::of("multipliers", &host.multipliers)?,
            samples,
        })
    }

    /// The record, with its samples.
    pub(crate) fn with_samples(self, samples: Vec<SensorSample>) -> Result<domain::HostRecord, FieldError> {
        let shared = self.interval_ns;
        let is_first_major = self.schema_version.major == 1;
        let sensor = |sensor: SensorRecord| if is_first_major { sensor.of_first_major(shared) } else { sensor.descriptor() };
        Ok(domain::HostRecord {
            meter: sensor::SensorRecord {
                sensors: each("sensors", self.sensors, sensor)?,
                samples,
                sources: self.sources.into_iter().map(SourceVerdict::from).collect(),
                cost: self.cost.into(),
            },
            idle: each("idle", self.idle, IdleWindowRecord::idle)?,
            kept_idle: each("kept_idle", self.kept_idle, IdleLevelRecord::level)?,
            asked_precision: self.asked_precision,
            multipliers: self.multipliers.into(),
        })
    }
}

impl From<&SourceVerdict> for SourceRecord {
    fn from(verdict: &SourceVerdict) -> Self {
        let status = match &verdict.status {
            SourceStatus::Works => SourceStatusRecord::Works,
            SourceStatus::Broken(reason) => SourceStatusRecord::Broken { reason: reason.clone() },
            SourceStatus::NotPermitted { reason, fix } => SourceStatusRecord::NotPermitted { reason: reason.clone(), fix: fix.clone() },
            SourceStatus::Absent(reason) => SourceStatusRecord::Absent { reason: reason.clone() },
            SourceStatus::NotAsked => SourceStatusRecord::NotAsked,
        };
        Self { source: verdict.source.clone(), verdict: status }
    }
}

impl From<SourceRecord> for SourceVerdict {
    fn from(record: SourceRecord) -> Self {
        let status = match record.verdict {
            SourceStatusRecord::Works => SourceStatus::Works,
            SourceStatusRecord::Broken { reason } => SourceStatus::Broken(reason),
            SourceStatusRecord::NotPermitted { reason, fix } => SourceStatus::NotPermitted { reason, fix },
            SourceStatusRecord::Absent { reason } => SourceStatus::Absent(reason),
            SourceStatusRecord::NotAsked => SourceStatus::NotAsked,
        };
        Self { source: record.source, status }
    }
}

impl SamplerCostRecord {
    pub(super) fn of(cost: SamplerCost) -> Result<Self, FieldError> {
        let optional = |field, duration: Option<Duration>| duration.map(|duration| nanos(field, duration)).transpose();
        Ok(Self {
            ticks: cost.ticks,
            missed_ticks: cost.missed_ticks,
            cpu_time_ns: optional("cpu_time_ns", cost.cpu_time)?,
            read_p50_ns: optional("read_p50_ns", cost.read_p50)?,
            read_p99_ns: optional("read_p99_ns", cost.read_p99)?,
        })
    }
}

impl From<SamplerCostRecord> for SamplerCost {
    fn from(record: SamplerCostRecord) -> Self {
        Self {
            ticks: record.ticks,
            missed_ticks: record.missed_ticks,
            cpu_time: record.cpu_time_ns.map(Duration::from_nanos),
            read_p50: record.read_p50_ns.map(Duration::from_nanos),
            read_p99: record.read_p99_ns.map(Duration::from_nanos),
        }
    }
}
