//! `raw/host.json`: what the host's meter wrote down, without its samples.

use super::StreamRecord;
use crate::record::field::nanos;
use crate::record::{FieldError, SchemaVersion, finite, name};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{self as domain, Gain, PowerMeaning, SamplerCost, SensorDescriptor, SensorKind, SourceStatus, SourceVerdict};
use lem_domain::units::{Joules, Watts};
use lem_domain::{Boundary, DeviceId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What one energy session recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Time between two ticks of the sampler, in nanoseconds.
    pub interval_ns: u64,
    /// The sensors, in the order that samples refer to.
    pub sensors: Vec<SensorRecord>,
    /// What became of every source that could have been used.
    pub sources: Vec<SourceRecord>,
    /// Cost of sampling.
    pub cost: SamplerCostRecord,
    /// The samples, in `host.samples.parquet`.
    pub samples: StreamRecord,
}

/// Everything needed to interpret a sensor's samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorRecord {
    /// Stable name below its device.
    pub name: String,
    /// The physical device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What the numbers are; it decides their unit.
    pub kind: SensorKindRecord,
    /// What they cover.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// How often the value changes, in nanoseconds; 0 when it is continuous.
    pub update_period_ns: u64,
    /// Smallest step of the value, in its unit.
    pub resolution: f64,
    /// Bound on the gain.
    pub gain: GainRecord,
    /// How it is read, in words.
    pub source: String,
}

/// What a sensor's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SensorKindRecord {
    /// A growing counter; samples are in joules.
    EnergyCounter {
        /// Value at which the counter starts over, in joules; null when it never does.
        wraps_at_j: Option<f64>,
        /// Largest plausible power, in watts.
        plausible_power_w: f64,
    },
    /// Power at an instant; samples are in watts.
    PowerInstant,
    /// Trailing mean of power; samples are in watts.
    PowerAveraged {
        /// Length of the mean, in nanoseconds.
        over_ns: u64,
    },
    /// Busy time summed over hardware threads; samples are in thread-seconds.
    BusyTime {
        /// Online hardware threads.
        threads: u32,
        /// Power of an idle thread, in watts.
        idle_w_per_thread: f64,
        /// Power of a busy thread, in watts.
        max_w_per_thread: f64,
    },
}

/// A bound on the gain of a sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainRecord {
    /// Half-width of the rectangular bound, relative: 0.1 means ±10 %.
    pub half_width_ratio: f64,
    /// Table, meter or assumption behind it.
    pub source: String,
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
    pub(crate) fn of(host: &domain::SensorRecord, samples: StreamRecord) -> Result<Self, FieldError> {
        let sensor = |(position, sensor)| SensorRecord::of(sensor).map_err(|error| error.within(&format!("sensors[{position}]")));
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            interval_ns: nanos("interval_ns", host.interval)?,
            sensors: host.sensors.iter().enumerate().map(sensor).collect::<Result<_, _>>()?,
            sources: host.sources.iter().map(SourceRecord::from).collect(),
            cost: SamplerCostRecord::of(host.cost).map_err(|error| error.within("cost"))?,
            samples,
        })
    }

    /// The record, with its samples.
    pub(crate) fn with_samples(self, samples: Vec<domain::SensorSample>) -> domain::SensorRecord {
        domain::SensorRecord {
            sensors: self.sensors.into_iter().map(SensorDescriptor::from).collect(),
            samples,
            sources: self.sources.into_iter().map(SourceVerdict::from).collect(),
            cost: self.cost.into(),
            interval: Duration::from_nanos(self.interval_ns),
        }
    }
}

impl SensorRecord {
    fn of(sensor: &SensorDescriptor) -> Result<Self, FieldError> {
        Ok(Self {
            name: sensor.name.clone(),
            device: sensor.device.as_str().to_owned(),
            device_name: sensor.device_name.clone(),
            kind: SensorKindRecord::of(sensor.kind).map_err(|error| error.within("kind"))?,
            boundary: sensor.boundary,
            update_period_ns: nanos("update_period_ns", sensor.update_period)?,
            resolution: finite("resolution", sensor.resolution)?,
            gain: GainRecord {
                half_width_ratio: finite("gain.half_width_ratio", sensor.gain.half_width)?,
                source: sensor.gain.source.clone(),
            },
            source: sensor.source.clone(),
        })
    }
}

impl From<SensorRecord> for SensorDescriptor {
    fn from(record: SensorRecord) -> Self {
        Self {
            name: record.name,
            device: DeviceId::new(record.device),
            device_name: record.device_name,
            kind: record.kind.into(),
            boundary: record.boundary,
            update_period: Duration::from_nanos(record.update_period_ns),
            resolution: record.resolution,
            gain: Gain { half_width: record.gain.half_width_ratio, source: record.gain.source },
            source: record.source,
        }
    }
}

impl SensorKindRecord {
    fn of(kind: SensorKind) -> Result<Self, FieldError> {
        Ok(match kind {
            SensorKind::EnergyCounter(range) => Self::EnergyCounter {
                wraps_at_j: range.wraps_at.map(|joules| finite("wraps_at_j", joules.get())).transpose()?,
                plausible_power_w: finite("plausible_power_w", range.plausible_power.get())?,
            },
            SensorKind::Power(PowerMeaning::Instant) => Self::PowerInstant,
            SensorKind::Power(PowerMeaning::Averaged(over)) => Self::PowerAveraged { over_ns: nanos("over_ns", over)? },
            SensorKind::BusyTime(power) => Self::BusyTime {
                threads: power.threads,
                idle_w_per_thread: finite("idle_w_per_thread", power.idle.get())?,
                max_w_per_thread: finite("max_w_per_thread", power.max.get())?,
            },
        })
    }
}

impl From<SensorKindRecord> for SensorKind {
    fn from(record: SensorKindRecord) -> Self {
        match record {
            SensorKindRecord::EnergyCounter { wraps_at_j, plausible_power_w } => {
                Self::EnergyCounter(CounterRange { wraps_at: wraps_at_j.map(Joules::new), plausible_power: Watts::new(plausible_power_w) })
            }
            SensorKindRecord::PowerInstant => Self::Power(PowerMeaning::Instant),
            SensorKindRecord::PowerAveraged { over_ns } => Self::Power(PowerMeaning::Averaged(Duration::from_nanos(over_ns))),
            SensorKindRecord::BusyTime { threads, idle_w_per_thread, max_w_per_thread } => {
                Self::BusyTime(domain::ThreadPower { threads, idle: Watts::new(idle_w_per_thread), max: Watts::new(max_w_per_thread) })
            }
        }
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
    fn of(cost: SamplerCost) -> Result<Self, FieldError> {
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
