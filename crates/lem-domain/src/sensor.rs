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
    /// What explains an energy without being one.
    Gauge(Gauge),
}

/// A quantity recorded beside energy, because it changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// Temperature, in degrees Celsius.
    Temperature,
    /// Clock frequency, in hertz.
    Frequency,
    /// Share of time or of a capacity, from 0 to 1: utilisation, activity of a unit.
    Share,
    /// Limit that the driver holds the power to, in watts.
    PowerLimit,
    /// Why the driver holds the clocks down, as the bit set that NVML documents for `nvmlClocksEventReasons`.
    ThrottleReasons,
}

impl Gauge {
    /// The gauge as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Temperature => "temperature_celsius",
            Self::Frequency => "frequency_hz",
            Self::Share => "share",
            Self::PowerLimit => "power_limit_w",
            Self::ThrottleReasons => "throttle_reasons",
        }
    }

    /// Every gauge.
    pub const ALL: &'static [Self] = &[Self::Temperature, Self::Frequency, Self::Share, Self::PowerLimit, Self::ThrottleReasons];
}

/// Where the time of a sample comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The middle of the read; the value is as old as its last update.
    Read,
    /// The device or its driver stamped the value itself: samples with one stamp are one update.
    Device,
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
    /// Where the time of its samples comes from.
    pub stamp: Stamp,
    /// Mean time between two reads in this session.
    pub interval: Duration,
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
            SensorKind::EnergyCounter(_) | SensorKind::Power(_) | SensorKind::Gauge(_) => Grade::Measured,
            SensorKind::BusyTime(_) => Grade::Estimated,
        }
    }
}

impl SensorDescriptor {
    /// Whether an energy can be computed from it; what cannot explains one.
    #[must_use]
    pub fn tells_energy(&self) -> bool {
        match self.kind {
            SensorKind::EnergyCounter(_) | SensorKind::Power(_) | SensorKind::BusyTime(_) => true,
            SensorKind::Gauge(_) => false,
        }
    }

    /// Whether reads should walk through the phases of the update period: where the time of an update is not told but
    /// must be found, and finding it pays because a value is as old as a read is late.
    #[must_use]
    pub fn walks(&self) -> bool {
        self.stamp == Stamp::Read
            && matches!(self.kind, SensorKind::EnergyCounter(_) | SensorKind::Power(_))
            && self.interval <= self.update_period
    }

    /// How long this sensor must be sampled around a window for the window's edges to be known: several updates, or reads
    /// where those come more slowly, and as much again as a trailing mean reaches back.
    #[must_use]
    pub fn margin(&self) -> Duration {
        let seen = self.update_period.max(self.interval.min(LONGEST_WAIT)) * MARGIN_UPDATES;
        match self.kind {
            // Read at an edge, a counter without an update period is exact.
            SensorKind::EnergyCounter(_) if self.update_period.is_zero() => Duration::ZERO,
            SensorKind::Power(PowerMeaning::Averaged(over)) => seen + over,
            SensorKind::EnergyCounter(_) | SensorKind::Power(PowerMeaning::Instant) => seen,
            SensorKind::BusyTime(_) | SensorKind::Gauge(_) => Duration::ZERO,
        }
    }
}

/// Updates on each side of an edge that must be seen: two for the shape of power around it, and enough silence to tell a
/// counter that stopped just before the edge from one whose next updates are late.
const MARGIN_UPDATES: u32 = 6;

/// Someone who asks for a read every ten seconds does not want to wait a minute for each edge.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

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

impl SourceStatus {
    /// The verdict in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Works => "it works",
            Self::Broken(reason) | Self::Absent(reason) | Self::NotPermitted { reason, .. } => reason,
            Self::NotAsked => "not asked",
        }
    }
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
}
