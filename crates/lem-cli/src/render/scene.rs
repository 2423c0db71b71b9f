//! Two boards of one name and an estimate, as their sensors see them, for the tests of this folder.

use lem_domain::counter::CounterRange;
use lem_domain::derive::{Observation, Terms, observe};
use lem_domain::impact::{Multipliers, grid_intensity};
use lem_domain::sensor::{
    Gain, Gauge, PowerMeaning, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, Stamp, ThreadPower,
};
use lem_domain::units::Watts;
use lem_domain::{Boundary, DeviceId, TimeWindow, Timestamp};
use std::time::Duration;

const TICK: Duration = Duration::from_millis(50);

/// What a sensor shows at so many seconds.
type Shown = fn(f64) -> f64;

fn sensor(name: &str, device: (&str, &str), kind: SensorKind, boundary: Boundary) -> SensorDescriptor {
    SensorDescriptor {
        name: name.into(),
        device: DeviceId::new(device.0),
        device_name: device.1.into(),
        kind,
        boundary,
        update_period: Duration::ZERO,
        stamp: Stamp::Device,
        interval: TICK,
        resolution: 0.001,
        gain: Gain { half_width: 0.05, source: "a table".into() },
        source: "a test".into(),
    }
}

/// The record of a minute: 300 W by a counter, 200 W by a mean over a second, three of four threads busy.
pub(super) fn minute() -> SensorRecord {
    let (first, second, host) = (("GPU-1a", "Board X"), ("GPU-2b", "Board X"), ("processor", "Processor Y"));
    let counter = SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER });
    let mean = SensorKind::Power(PowerMeaning::Averaged(Duration::from_secs(1)));
    let estimate = SensorKind::BusyTime(ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) });
    let board = |name, device, kind| sensor(name, device, kind, Boundary::GpuBoard);
    let readings: Vec<(SensorDescriptor, Shown)> = vec![
        (board("total-energy", first, counter), |seconds| 300.0 * seconds),
        (board("power-average", second, mean), |_| 200.0),
        (board("temperature", first, SensorKind::Gauge(Gauge::Temperature)), |seconds| 60.0 + seconds.floor()),
        (board("gpu-utilisation", first, SensorKind::Gauge(Gauge::Share)), |_| 0.97),
        (board("sm-clock", first, SensorKind::Gauge(Gauge::Frequency)), |_| 1.755e9),
        (board("throttle-reasons", second, SensorKind::Gauge(Gauge::ThrottleReasons)), |_| 4.0),
        (sensor("busy-time", host, estimate, Boundary::Host), |seconds| 3.0 * seconds),
    ];
    let mut record = SensorRecord::default();
    for (position, (descriptor, value)) in readings.into_iter().enumerate() {
        record.sensors.push(descriptor);
        record.samples.extend((0..=1_200u32).map(|tick| {
            let at = Timestamp::default().after(TICK * tick);
            let value = value(at.since(Timestamp::default()).get());
            SensorSample { sensor: SensorIndex::of(position), at, value, read_nanos: 0 }
        }));
    }
    record
}

/// What was seen between two seconds of the minute.
pub(super) fn seen(start: u64, end: u64) -> Observation {
    let at = |second: u64| Timestamp::from_nanos(second * 1_000_000_000);
    let multipliers = Multipliers { grid: grid_intensity("FRA"), ..Multipliers::default() };
    observe(&minute(), TimeWindow { start: at(start), end: at(end) }, Terms { multipliers: &multipliers, precision: Some(0.05) })
}
