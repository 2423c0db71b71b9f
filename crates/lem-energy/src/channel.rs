//! One sensor of a device and the way to open it; the reader that reads all sensors of a device in one round.

use crate::EnergyError;
use crate::source::{Reader, Reading, Source};
use crate::sysfs::Attribute;
use lem_domain::Timestamp;
use lem_domain::sensor::{Gain, SensorDescriptor};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Reads one value, in the unit of its sensor; `None` when the sensor did not answer. It must not allocate.
pub(crate) type ReadValue = Box<dyn Fn() -> Option<f64> + Send>;

/// Opens a sensor for one session.
pub(crate) type OpenSensor = Box<dyn Fn() -> io::Result<ReadValue> + Send + Sync>;

/// A sensor that was found usable.
pub(crate) struct Channel {
    /// What its numbers are.
    pub(crate) descriptor: SensorDescriptor,
    /// Where it stands, for an error that names it.
    pub(crate) path: PathBuf,
    /// How to open it.
    pub(crate) open: OpenSensor,
}

impl Channel {
    /// A sensor that is one file. The descriptor's `source` becomes the file's path, before what it says already.
    pub(crate) fn of_file(descriptor: SensorDescriptor, file: Attribute) -> Self {
        let path = file.path().to_owned();
        let descriptor = SensorDescriptor { source: format!("{}{}", path.display(), descriptor.source), ..descriptor };
        Self { descriptor, path, open: Box::new(move || file.open()) }
    }
}

/// Sensors that are read together; all have one interval.
pub(crate) struct Round {
    pub(crate) channels: Vec<Channel>,
    /// The longest time between two reads that they bear; `None` where only the mean rate matters.
    pub(crate) longest_gap: Option<Duration>,
}

impl From<Vec<Channel>> for Round {
    fn from(channels: Vec<Channel>) -> Self {
        Self { channels, longest_gap: None }
    }
}

/// The usable sensors of one kind of hardware.
pub(crate) struct Channels(pub(crate) Vec<Round>);

impl Source for Channels {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError> {
        self.0.iter().map(|round| Ok(Box::new(ChannelReader::open(round)?) as Box<dyn Reader>)).collect()
    }
}

struct ChannelReader {
    descriptors: Vec<SensorDescriptor>,
    values: Vec<ReadValue>,
    longest_gap: Option<Duration>,
}

impl ChannelReader {
    fn open(round: &Round) -> Result<Self, EnergyError> {
        let open = |channel: &Channel| (channel.open)().map_err(|source| EnergyError::Unreadable { path: channel.path.clone(), source });
        let values = round.channels.iter().map(open).collect::<Result<_, _>>()?;
        let descriptors = round.channels.iter().map(|channel| channel.descriptor.clone()).collect();
        Ok(Self { descriptors, values, longest_gap: round.longest_gap })
    }
}

impl Reader for ChannelReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn longest_gap(&self) -> Duration {
        self.longest_gap.unwrap_or(self.interval() * 2)
    }

    fn read(&mut self, _now: Timestamp, slots: &mut [Option<Reading>]) {
        for (slot, value) in slots.iter_mut().zip(&self.values) {
            *slot = value().map(|value| Reading { value, at: None });
        }
    }
}

/// The bound on the gain of a sensor that nobody has compared with a meter (MEASUREMENT.md §4).
pub(crate) fn assumed_gain() -> Gain {
    Gain { half_width: 0.1, source: "assumed: no comparison with an external meter".to_owned() }
}

/// Gauges explain an energy and are no part of one; nothing is computed from their gain.
pub(crate) fn gain_of_gauge() -> Gain {
    Gain { half_width: 0.0, source: "not used: a gauge is no energy".to_owned() }
}
