//! Sensors as written: everything needed to interpret their samples.

use crate::record::field::nanos;
use crate::record::{FieldError, finite, name};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{Gain, Gauge, PowerMeaning, SensorDescriptor, SensorKind, Stamp, ThreadPower};
use lem_domain::units::{Joules, Watts};
use lem_domain::{Boundary, DeviceId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
    /// Where the time of its samples comes from; null only before 2.0, when it was the read.
    pub stamp: Option<StampRecord>,
    /// Mean time between two reads, in nanoseconds; null only before 2.0, when the document held it for all sensors.
    pub interval_ns: Option<u64>,
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
    /// What explains an energy without being one.
    Gauge {
        /// What it gauges; the name carries the unit of the samples.
        #[serde(with = "name")]
        gauge: Gauge,
    },
}

/// Where the time of a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampRecord {
    /// The middle of the read.
    Read,
    /// The device or its driver.
    Device,
}

/// A bound on the gain of a sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GainRecord {
    /// Half-width of the rectangular bound, relative: 0.1 means ±10 %.
    pub half_width_ratio: f64,
    /// Table, meter or assumption behind it.
    pub source: String,
}

impl SensorRecord {
    pub(super) fn of(sensor: &SensorDescriptor) -> Result<Self, FieldError> {
        Ok(Self {
            name: sensor.name.clone(),
            device: sensor.device.as_str().to_owned(),
            device_name: sensor.device_name.clone(),
            kind: SensorKindRecord::of(sensor.kind).map_err(|error| error.within("kind"))?,
            boundary: sensor.boundary,
            update_period_ns: nanos("update_period_ns", sensor.update_period)?,
            stamp: Some(sensor.stamp.into()),
            interval_ns: Some(nanos("interval_ns", sensor.interval)?),
            resolution: finite("resolution", sensor.resolution)?,
            gain: GainRecord {
                half_width_ratio: finite("gain.half_width_ratio", sensor.gain.half_width)?,
                source: sensor.gain.source.clone(),
            },
            source: sensor.source.clone(),
        })
    }

    /// The descriptor.
    pub(super) fn descriptor(self) -> Result<SensorDescriptor, FieldError> {
        let missing = |field| FieldError::new(field, "it is missing");
        let interval_ns = self.interval_ns.ok_or_else(|| missing("interval_ns"))?;
        let stamp = self.stamp.ok_or_else(|| missing("stamp"))?;
        Ok(SensorDescriptor {
            name: self.name,
            device: DeviceId::new(self.device),
            device_name: self.device_name,
            kind: self.kind.into(),
            boundary: self.boundary,
            update_period: Duration::from_nanos(self.update_period_ns),
            stamp: stamp.into(),
            interval: Duration::from_nanos(interval_ns),
            resolution: self.resolution,
            gain: Gain { half_width: self.gain.half_width_ratio, source: self.gain.source },
            source: self.source,
        })
    }

    /// The descriptor of a sensor in a document of major version 1: sensors shared one interval, and the time of every
    /// sample was that of its read.
    pub(super) fn of_first_major(self, shared_interval_ns: Option<u64>) -> Result<SensorDescriptor, FieldError> {
        Self { interval_ns: self.interval_ns.or(shared_interval_ns), stamp: self.stamp.or(Some(StampRecord::Read)), ..self }.descriptor()
    }
}

impl From<Stamp> for StampRecord {
    fn from(stamp: Stamp) -> Self {
        match stamp {
            Stamp::Read => Self::Read,
            Stamp::Device => Self::Device,
        }
    }
}

impl From<StampRecord> for Stamp {
    fn from(record: StampRecord) -> Self {
        match record {
            StampRecord::Read => Self::Read,
            StampRecord::Device => Self::Device,
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
            SensorKind::Gauge(gauge) => Self::Gauge { gauge },
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
                Self::BusyTime(ThreadPower { threads, idle: Watts::new(idle_w_per_thread), max: Watts::new(max_w_per_thread) })
            }
            SensorKindRecord::Gauge { gauge } => Self::Gauge(gauge),
        }
    }
}
