//! Records to derive from, for the tests of this folder.

use crate::counter::CounterRange;
use crate::identity::DeviceId;
use crate::quantity::Boundary;
use crate::sensor::{Gain, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, Stamp};
use crate::time::{TimeWindow, Timestamp};
use std::time::Duration;

pub(super) const NEVER_WRAPS: CounterRange = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };

pub(super) fn window(start_ms: u64, end_ms: u64) -> TimeWindow {
    let at = |millis: u64| Timestamp::from_nanos(millis * 1_000_000);
    TimeWindow { start: at(start_ms), end: at(end_ms) }
}

/// A sensor that updates at once and has a gain known to ±10 %.
pub(super) fn sensor(name: &str, device: &str, kind: SensorKind, boundary: Boundary) -> SensorDescriptor {
    SensorDescriptor {
        name: name.into(),
        device: DeviceId::new(device),
        device_name: format!("board {device}"),
        kind,
        boundary,
        update_period: Duration::ZERO,
        stamp: Stamp::Read,
        interval: Duration::from_millis(50),
        resolution: 0.0,
        gain: Gain { half_width: 0.1, source: "test".into() },
        source: format!("{name} of {device}"),
    }
}

/// A record of sensors with their samples by millisecond.
pub(super) fn record(sensors: Vec<(SensorDescriptor, Vec<(u64, f64)>)>) -> SensorRecord {
    let mut record = SensorRecord::default();
    for (position, (descriptor, points)) in sensors.into_iter().enumerate() {
        record.sensors.push(descriptor);
        record.samples.extend(points.into_iter().map(|(millis, value)| SensorSample {
            sensor: SensorIndex::of(position),
            at: Timestamp::from_nanos(millis * 1_000_000),
            value,
            read_nanos: 0,
        }));
    }
    record
}
