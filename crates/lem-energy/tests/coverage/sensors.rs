//! The sensors, as an estimator knows them and as each run draws them.

use crate::waves::Draws;
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorKind, Stamp};
use lem_domain::units::Joules;
use lem_domain::{Boundary, DeviceId, FindingCode, TimeWindow, Timestamp};
use lem_energy::virtual_hardware::{Fault, Scheduling, SensorModel, Shows, Updates, VirtualSensor};
use std::time::Duration;

/// How a sensor fails at an instant, and what must be said of it.
pub(crate) type Failure = (fn(Timestamp) -> Fault, FindingCode);

/// A kind of sensor, and how one of its kind is drawn.
pub(crate) struct Sensor {
    pub(crate) name: &'static str,
    pub(crate) descriptor: fn() -> SensorDescriptor,
    pub(crate) model: fn(&mut Draws, &SensorDescriptor) -> SensorModel,
    /// Within the window, for the sensors that fail.
    pub(crate) fault: Option<Failure>,
    /// The shortest window that it can be held to.
    pub(crate) minimum: fn(&SensorDescriptor) -> Duration,
    /// Whether it is blind for a part of every update.
    pub(crate) sees_a_part: bool,
    pub(crate) scheduling: Scheduling,
}

impl Sensor {
    /// One sensor of this kind, before a session over the window.
    pub(crate) fn draw(&self, draws: &mut Draws, window: TimeWindow) -> VirtualSensor {
        let descriptor = (self.descriptor)();
        let model = (self.model)(draws, &descriptor);
        let within = Duration::from_secs_f64(draws.between(0.0, window.span().get()));
        let fault = self.fault.map(|(fault, _)| fault(window.start.after(within)));
        VirtualSensor { descriptor, model: SensorModel { fault, ..model } }
    }
}

const QUIET: Scheduling = Scheduling {
    lateness: Duration::from_millis(4),
    read_at_least: Duration::from_micros(20),
    read_at_most: Duration::from_micros(200),
    seed: 0,
};
const JITTERED: Scheduling = Scheduling { lateness: Duration::from_millis(40), ..QUIET };
const LATE_READS: Scheduling = Scheduling { read_at_least: Duration::from_millis(1), read_at_most: Duration::from_millis(25), ..QUIET };

const fn counter(name: &'static str, scheduling: Scheduling, fault: Option<Failure>) -> Sensor {
    Sensor { name, descriptor: ticking, model: ticks, fault, scheduling, minimum: four_updates, sees_a_part: false }
}

/// Sensors that work.
pub(crate) const WORKING: [Sensor; 8] = [
    counter("counter, 100 ms", QUIET, None),
    counter("the same, jittered scheduler", JITTERED, None),
    counter("the same, late reads", LATE_READS, None),
    Sensor { name: "counter, 1 ms, 32-bit wrap", descriptor: fast, model: wraps, ..counter("", QUIET, None) },
    Sensor { name: "instant power", descriptor: instant, model: shown_at_once, ..counter("", QUIET, None) },
    Sensor { name: "25 ms in 100 ms", descriptor: part_time, model: means, sees_a_part: true, ..counter("", QUIET, None) },
    Sensor { name: "1 s boxcar", descriptor: boxcar, model: means, minimum: two_means, ..counter("", QUIET, None) },
    Sensor { name: "instant power in steps of 1 W", descriptor: in_watts, model: shown_at_once, ..counter("", QUIET, None) },
];

/// Sensors that fail within the window.
pub(crate) const FAILING: [Sensor; 4] = [
    counter("stuck", QUIET, Some((Fault::StuckFrom, FindingCode::SensorStuck))),
    counter("reset", QUIET, Some((Fault::ResetAt, FindingCode::CounterReset))),
    counter("lost", QUIET, Some((Fault::LostFrom, FindingCode::SensorLost))),
    counter("missing field", QUIET, Some((|_| Fault::Missing, FindingCode::SensorLost))),
];

/// What the power of NVIDIA's boards is a mean over, from Ampere on.
const BOXCAR: Duration = Duration::from_secs(1);

/// 32 bits of the 61 µJ that RAPL counts in on most processors.
const RAPL_RANGE: Joules = Joules::new(262_143.0);

fn four_updates(sensor: &SensorDescriptor) -> Duration {
    sensor.update_period.max(sensor.interval) * 4
}

fn two_means(_: &SensorDescriptor) -> Duration {
    BOXCAR * 2
}

fn ticking() -> SensorDescriptor {
    SensorDescriptor {
        name: "sensor".to_owned(),
        device: DeviceId::new("virtual-board"),
        device_name: "virtual board".to_owned(),
        kind: SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER }),
        boundary: Boundary::GpuBoard,
        update_period: Duration::from_millis(100),
        stamp: Stamp::Read,
        interval: Duration::from_millis(50),
        resolution: Joules::from_millijoules(1).get(),
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: "virtual".to_owned(),
    }
}

fn fast() -> SensorDescriptor {
    SensorDescriptor {
        kind: SensorKind::EnergyCounter(CounterRange { wraps_at: Some(RAPL_RANGE), plausible_power: CounterRange::UNKNOWN_LIMIT_POWER }),
        boundary: Boundary::CpuPackage,
        update_period: Duration::from_millis(1),
        interval: Duration::from_millis(100),
        resolution: 61e-6,
        ..ticking()
    }
}

fn instant() -> SensorDescriptor {
    SensorDescriptor { kind: SensorKind::Power(PowerMeaning::Instant), update_period: Duration::ZERO, ..part_time() }
}

fn in_watts() -> SensorDescriptor {
    SensorDescriptor { resolution: 1.0, ..instant() }
}

fn part_time() -> SensorDescriptor {
    SensorDescriptor { kind: SensorKind::Power(PowerMeaning::Averaged(Duration::from_millis(25))), stamp: Stamp::Device, ..ticking() }
}

fn boxcar() -> SensorDescriptor {
    SensorDescriptor { kind: SensorKind::Power(PowerMeaning::Averaged(BOXCAR)), ..part_time() }
}

fn ticks(draws: &mut Draws, descriptor: &SensorDescriptor) -> SensorModel {
    let start = Joules::new(draws.between(1e5, 1e6));
    SensorModel::counter(start).updating(updates(draws, descriptor)).rounding(descriptor.resolution)
}

/// One that passes the end of its range in half of the longer windows.
fn wraps(draws: &mut Draws, descriptor: &SensorDescriptor) -> SensorModel {
    let start = Joules::new(RAPL_RANGE.get() - draws.between(0.0, 6_000.0));
    let counter = SensorModel::counter(start).updating(updates(draws, descriptor)).rounding(descriptor.resolution);
    let shows = Shows::Energy { start, wraps_at: Some(RAPL_RANGE) };
    SensorModel { shows, ..counter }
}

fn shown_at_once(_: &mut Draws, descriptor: &SensorDescriptor) -> SensorModel {
    SensorModel::power(Duration::ZERO).rounding(descriptor.resolution)
}

fn means(draws: &mut Draws, descriptor: &SensorDescriptor) -> SensorModel {
    let SensorKind::Power(PowerMeaning::Averaged(over)) = descriptor.kind else { unreachable!("a mean") };
    SensorModel::power(over).updating(updates(draws, descriptor)).rounding(descriptor.resolution)
}

/// Updates whose period is near the nominal one, at any phase, each a little off its place.
fn updates(draws: &mut Draws, descriptor: &SensorDescriptor) -> Updates {
    let period = descriptor.update_period.mul_f64(draws.between(0.985, 1.015));
    Updates { period, phase: period.mul_f64(draws.between(0.0, 1.0)), jitter: period.mul_f64(0.007), seed: draws.seed() }
}
