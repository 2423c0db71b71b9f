//! The first recorded stream: what sensors said, and everything needed to read it years later.

use crate::counter::CounterRange;
use crate::identity::DeviceId;
use crate::quantity::{Boundary, Grade};
use crate::time::Timestamp;
use crate::units::Watts;
use std::fmt;
use std::time::Duration;

/// Position of a sensor in its record's list of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorIndex(pub u16);

impl SensorIndex {
    /// The index of the sensor at a position of the list.
    ///
    /// # Panics
    /// Beyond 65,536 sensors, which no host has.
    #[must_use]
    pub fn of(position: usize) -> Self {
        Self(u16::try_from(position).expect("a host has fewer than 65,536 sensors"))
    }
}

/// One reading, in the unit of its sensor's [`SensorKind`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorSample {
    /// Which sensor.
    pub sensor: SensorIndex,
    /// When the value held: the driver's own time stamp where it gives one, else the middle of the read.
    pub at: Timestamp,
    /// The value in joules, watts or busy thread-seconds.
    pub value: f64,
    /// How long the read took, in nanoseconds.
    pub read_nanos: u32,
}

/// What a sensor's numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SensorKind {
    /// A growing counter, in joules.
    EnergyCounter(CounterRange),
    /// Power, in watts.
    Power(PowerMeaning),
    /// Busy time summed over hardware threads, in thread-seconds: the recorded input of the processor estimate.
    BusyTime(ThreadPower),
}

/// What an instant of a power sensor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerMeaning {
    /// The value at the instant.
    Instant,
    /// A trailing mean over this window; its group delay is half of it.
    Averaged(Duration),
}

/// The linear power model of a processor, per online hardware thread (MEASUREMENT.md §4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThreadPower {
    /// Online hardware threads.
    pub threads: u32,
    /// Power of an idle thread.
    pub idle: Watts,
    /// Power of a fully busy thread.
    pub max: Watts,
}

/// A bound on the gain of a sensor. Gain is not observable without an external meter (MEASUREMENT.md §4).
#[derive(Clone, Debug, PartialEq)]
pub struct Gain {
    /// Half-width of the rectangular bound, relative: 0.1 means ±10 %.
    pub half_width: f64,
    /// Table, meter or assumption behind it.
    pub source: String,
}

/// Everything needed to interpret a sensor's samples.
#[derive(Clone, Debug, PartialEq)]
pub struct SensorDescriptor {
    /// Stable name below its device, such as `total-energy` or `busy-time`.
    pub name: String,
    /// The physical device; two sensors of one device are never added.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// What the numbers are.
    pub kind: SensorKind,
    /// What they cover.
    pub boundary: Boundary,
    /// How often the value changes; zero when it is continuous.
    pub update_period: Duration,
    /// Smallest step of the value, in its unit.
    pub resolution: f64,
    /// Bound on the gain.
    pub gain: Gain,
    /// How it is read, in words: file, call or table row.
    pub source: String,
}

impl SensorDescriptor {
    /// The grade of an energy computed from this sensor.
    #[must_use]
    pub fn grade(&self) -> Grade {
        match self.kind {
            SensorKind::EnergyCounter(_) | SensorKind::Power(_) => Grade::Measured,
            SensorKind::BusyTime(_) => Grade::Estimated,
        }
    }
}

/// What came of asking one possible source of energy readings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVerdict {
    /// The source, such as `rapl` or `estimate`.
    pub source: String,
    /// What it said.
    pub status: SourceStatus,
}

/// Verdict of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// It gives readings.
    Works,
    /// It is there and gives no usable readings.
    Broken(String),
    /// It is there and may not be read; `fix` is the exact remedy.
    NotPermitted {
        /// What was refused.
        reason: String,
        /// What to do about it.
        fix: String,
    },
    /// It is not there.
    Absent(String),
    /// The configuration left it out.
    NotAsked,
}

impl fmt::Display for SourceVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            SourceStatus::Works => write!(formatter, "{}: works", self.source),
            SourceStatus::Broken(reason) | SourceStatus::Absent(reason) => write!(formatter, "{}: {reason}", self.source),
            SourceStatus::NotPermitted { reason, fix } => write!(formatter, "{}: {reason} ({fix})", self.source),
            SourceStatus::NotAsked => write!(formatter, "{}: not asked", self.source),
        }
    }
}

/// What the act of sampling cost and how well it kept its schedule (MEASUREMENT.md §7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SamplerCost {
    /// Ticks that were due.
    pub ticks: u64,
    /// Ticks that were skipped because the one before ended after they were due.
    pub missed_ticks: u64,
    /// Processor time of the sampler thread, where the platform tells.
    pub cpu_time: Option<Duration>,
    /// Median duration of one round of reads.
    pub read_p50: Option<Duration>,
    /// 99th percentile of the duration of one round of reads.
    pub read_p99: Option<Duration>,
}

/// What one energy session recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensorRecord {
    /// The sensors, in the order that [`SensorIndex`] refers to.
    pub sensors: Vec<SensorDescriptor>,
    /// The samples, in the order of their reads.
    pub samples: Vec<SensorSample>,
    /// What became of every source that could have been used.
    pub sources: Vec<SourceVerdict>,
    /// Cost of sampling.
    pub cost: SamplerCost,
    /// Time between two ticks of the sampler.
    pub interval: Duration,
}
