//! The seam to hardware: a source finds devices and opens readers, a reader reads the sensors of one device at once.

use crate::EnergyError;
use crate::survey::Device;
use lem_domain::profile::{BoardProfile, ProfileKey};
use lem_domain::sensor::{SensorDescriptor, SourceStatus};
use lem_domain::spec::CpuPowerOverride;
use lem_domain::{Finding, Timestamp};
use std::time::Duration;

/// How often a sensor is read while its update period is not known: 20 Hz.
pub(crate) const UNMEASURED_INTERVAL: Duration = Duration::from_millis(50);

/// How often gauges (temperature, clocks, …) are read: they change slowly, and each costs a call.
pub(crate) const GAUGE_INTERVAL: Duration = Duration::from_secs(1);

/// What came of looking for one kind of source.
pub(crate) struct Probe {
    /// The verdict.
    pub(crate) status: SourceStatus,
    /// The source, when it works.
    pub(crate) source: Option<Box<dyn Source>>,
    /// The devices that were found, readable or not.
    pub(crate) devices: Vec<Device>,
    /// What a reader of its figures must know.
    pub(crate) findings: Vec<Finding>,
}

impl Probe {
    /// A source that gives nothing, and why.
    pub(crate) fn without(status: SourceStatus) -> Self {
        Self { status, source: None, devices: Vec::new(), findings: Vec::new() }
    }
}

/// One kind of hardware, or model of it, found usable on this machine.
pub(crate) trait Source: Send + Sync {
    /// Opens its readers for one session.
    ///
    /// # Errors
    /// When what was usable when the source was found is no longer.
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError>;
}

/// Sensors that one round of calls reads. `read` runs inside the measured window: it must not allocate.
pub(crate) trait Reader: Send {
    /// What the readings are, in the order of the slots. All have the same interval.
    fn descriptors(&self) -> &[SensorDescriptor];

    /// Mean time between two reads that it asks for.
    fn interval(&self) -> Duration {
        self.descriptors().first().map_or(UNMEASURED_INTERVAL, |descriptor| descriptor.interval)
    }

    /// The longest time between two reads that its figures bear. Reads may be moved within it, to share wake-ups with
    /// those of other readers or to meet the sensor at other phases of its period.
    fn longest_gap(&self) -> Duration {
        self.interval() * 2
    }

    /// Reads once into one slot per descriptor, which come in empty. `now` is the instant just before the read; simulated
    /// sensors answer for exactly that instant.
    ///
    /// A slot left `None` is a sensor that did not answer: nothing is recorded then, and the gap shows in the samples.
    fn read(&mut self, now: Timestamp, slots: &mut [Option<Reading>]);
}

/// What a sensor said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    /// In the unit of the sensor's kind.
    pub(crate) value: f64,
    /// When it held, where the sensor tells; else the sampler takes the middle of the read.
    pub(crate) at: Option<Timestamp>,
}

/// What the user wants of every source, and what earlier calibration found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preferences {
    /// Time between two samples, when asked for.
    pub(crate) interval: Option<Duration>,
    /// The user's watts for the processor estimate.
    pub(crate) cpu_power: Option<CpuPowerOverride>,
    /// Profiles of calibrated boards.
    pub(crate) profiles: Vec<BoardProfile>,
}

impl Preferences {
    /// The profile of a board with this driver and firmware.
    pub(crate) fn profile(&self, key: &ProfileKey) -> Option<&BoardProfile> {
        self.profiles.iter().find(|profile| profile.key == *key)
    }

    /// Time between two reads of a sensor: as asked, else half its measured update period, else 20 Hz.
    pub(crate) fn interval(&self, measured_period: Option<Duration>) -> Duration {
        self.interval.or_else(|| measured_period.filter(|period| !period.is_zero()).map(|period| period / 2)).unwrap_or(UNMEASURED_INTERVAL)
    }
}
