//! A board with a counter and a power, a load that steps, and what a calibration of it records on a scheduler that is late.

use crate::calibrate::{LoadEdge, Plan, Recorded, StepRecord};
use crate::survey::Device;
use crate::virtual_hardware::{Scheduling, SensorModel, Updates, VirtualSensor, record, unit};
use lem_domain::counter::CounterRange;
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, Stamp};
use lem_domain::spec::EnergySource;
use lem_domain::units::{Joules, Watts};
use lem_domain::world::{Noise, Waveform};
use lem_domain::{Boundary, DeviceId, TimeWindow, Timestamp};
use std::time::Duration;

/// What a calibration of one board recorded.
pub(super) struct Scene {
    pub(super) recorded: Recorded,
    pub(super) device: Device,
    /// Position of the sensor that is looked at.
    pub(super) of_interest: usize,
    sensors: Vec<VirtualSensor>,
    stage: Stage,
}

/// What is to be found, in seconds, watts and the sensor's unit, with the widest interval that is of use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth {
    pub(super) period: Option<(f64, f64)>,
    pub(super) window: Option<(f64, f64)>,
    pub(super) lag: Option<(f64, f64)>,
    pub(super) resolution: Option<f64>,
    pub(super) ratio: Option<(f64, f64)>,
    pub(super) idle_w: f64,
}

/// When what happens, and the power meanwhile.
#[derive(Clone)]
struct Stage {
    seed: u64,
    truth: Waveform,
    edges: Vec<LoadEdge>,
    idle: TimeWindow,
    dense: TimeWindow,
    steps: TimeWindow,
}

const IDLE_W: f64 = 70.0;

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn at(seconds: f64) -> Timestamp {
    Timestamp::default().after(Duration::from_secs_f64(seconds))
}

/// How many of so many intervals must hold.
pub(super) fn at_least(runs: u64) -> u64 {
    runs * 95 / 100
}

impl Stage {
    /// `step_w` is what the load adds.
    fn new(seed: u64, step_w: f64) -> Self {
        let plan = Plan::within(Duration::from_secs(60), Some(Duration::from_secs(2)), seed);
        let idle = TimeWindow { start: at(2.0), end: at(2.0).after(plan.idle) };
        let dense_start = idle.end.after(Duration::from_secs(6));
        let dense = TimeWindow { start: dense_start, end: dense_start.after(plan.dense) };
        let mut then = vec![(idle.end.after(Duration::from_secs(3)), true), (dense.start.after(plan.dense / 2), false)];
        let steps_start = dense.end.after(Duration::from_millis(200));
        let mut now = steps_start.after(plan.lead);
        let mut edges = Vec::new();
        for (position, &length) in plan.steps.iter().enumerate() {
            let is_on = position % 2 == 0;
            edges.push(LoadEdge { at: now, slack: Duration::ZERO, is_on });
            then.push((now, is_on));
            now = now.after(length);
        }
        let steps = TimeWindow { start: steps_start, end: now.after(plan.lead) };
        let level = |is_on| Watts::new(IDLE_W + if is_on { step_w } else { 0.0 });
        let levels =
            Waveform::Levels { before: Watts::new(IDLE_W), then: then.into_iter().map(|(from, is_on)| (from, level(is_on))).collect() };
        let noise = Noise::over(Duration::from_secs(80), millis(7), |cell| {
            // Sum of three uniform numbers: near enough to normal, standard deviation 1.5 W.
            let sum: f64 = (0..3).map(|part| unit(seed ^ 0xdead, 3 * cell + part) - 0.5).sum();
            Watts::new(3.0 * sum)
        });
        Self { seed, truth: Waveform::Sum(vec![levels, Waveform::Noise(noise)]), edges, idle, dense, steps }
    }

    fn draw(&self, index: u64) -> f64 {
        unit(self.seed ^ 0xbeef, index)
    }

    fn updates(&self, period: Duration, index: u64) -> Updates {
        let period = period.mul_f64(0.985 + 0.03 * self.draw(index));
        let jitter = (period / 50).min(Duration::from_micros(700));
        Updates { period, phase: period.mul_f64(self.draw(index + 1)), jitter, seed: self.seed + index }
    }

    fn recorded(&self, sensors: &[VirtualSensor]) -> Recorded {
        let at_rate = |interval: Duration| -> Vec<VirtualSensor> {
            let with = |sensor: &VirtualSensor| SensorDescriptor { interval, ..sensor.descriptor.clone() };
            sensors.iter().map(|sensor| VirtualSensor { descriptor: with(sensor), model: sensor.model.clone() }).collect()
        };
        let scheduling = |lateness| Scheduling {
            lateness,
            read_at_least: Duration::from_micros(20),
            read_at_most: Duration::from_micros(60),
            seed: self.seed,
        };
        let over = |window: TimeWindow, interval, lateness| record(&self.truth, &at_rate(interval), scheduling(lateness), window, window);
        let around = TimeWindow { start: at(0.0), end: self.idle.end.after(Duration::from_secs(2)) };
        Recorded {
            usual: record(&self.truth, &at_rate(millis(50)), scheduling(millis(4)), around, self.idle),
            idle: Some(self.idle),
            dense: over(self.dense, Duration::from_micros(250), millis(1)),
            steps: Some(StepRecord { meter: over(self.steps, millis(2), millis(4)), edges: self.edges.clone() }),
        }
    }

    /// True power of the idle time, which noise keeps from being exactly that of the machine.
    fn idle_w(&self) -> f64 {
        self.truth.energy_over(self.idle).get() / self.idle.span().get()
    }
}

fn descriptor(name: &str, kind: SensorKind, resolution: f64) -> SensorDescriptor {
    SensorDescriptor {
        name: name.to_owned(),
        device: DeviceId::new("board-0"),
        device_name: "a board".to_owned(),
        kind,
        boundary: Boundary::GpuBoard,
        update_period: millis(100),
        stamp: Stamp::Read,
        interval: millis(50),
        resolution,
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: "virtual".to_owned(),
    }
}

fn counter_sensor(stage: &Stage, period: Duration, resolution: f64) -> VirtualSensor {
    let range = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };
    let model = SensorModel::counter(Joules::new(1e5 + 1e6 * stage.draw(9))).updating(stage.updates(period, 10)).rounding(resolution);
    let descriptor = SensorDescriptor { update_period: period, ..descriptor("total-energy", SensorKind::EnergyCounter(range), resolution) };
    VirtualSensor { descriptor, model }
}

fn scene(stage: Stage, sensors: Vec<VirtualSensor>, of_interest: usize) -> Scene {
    let device = Device {
        id: DeviceId::new("board-0"),
        name: "a board".to_owned(),
        source: EnergySource::Nvml,
        index: Some(0),
        visible: true,
        key: ProfileKey { board: "a board".to_owned(), driver: "1".to_owned(), firmware: String::new() },
        facts: Vec::new(),
        sensors: sensors.iter().map(|sensor| sensor.descriptor.clone()).collect(),
        problem: None,
        parts: Vec::new(),
    };
    Scene { recorded: stage.recorded(&sensors), device, of_interest, sensors, stage }
}

/// A board whose power is looked at, beside its counter. The power's gain is off, as only the ratio can tell.
pub(super) fn power(seed: u64, window: Duration, period: Option<Duration>, resolution: f64) -> (Scene, Truth) {
    let stage = Stage::new(seed, 230.0);
    let gain = 0.95 + 0.1 * stage.draw(5);
    let model = SensorModel { gain, ..SensorModel::power(window) }.rounding(resolution);
    let updates = period.map(|period| stage.updates(period, 20));
    let model = updates.map_or(model.clone(), |updates| model.updating(updates));
    let kind = SensorKind::Power(PowerMeaning::Instant);
    let assumed = period.unwrap_or(Duration::ZERO);
    let power = VirtualSensor { descriptor: SensorDescriptor { update_period: assumed, ..descriptor("power", kind, resolution) }, model };
    let (window_s, period_s) = (window.as_secs_f64(), updates.map(|updates| updates.period.as_secs_f64()));
    let truth = Truth {
        period: period_s.map(|period| (period, 0.01 * period)),
        // An update each 100 ms tells a step to some milliseconds.
        window: Some((window_s, 0.06 + 0.05 * window_s)),
        lag: Some((window_s / 2.0, 0.03 + 0.05 * window_s)),
        resolution: Some(resolution),
        ratio: Some((1.0 / gain, 0.03)),
        idle_w: gain * stage.idle_w(),
    };
    let counter = counter_sensor(&stage, millis(100), 1e-3);
    (scene(stage, vec![counter, power], 1), truth)
}

/// The same scene with a power that the driver stamps.
pub(super) fn stamped((mut scene, truth): (Scene, Truth)) -> (Scene, Truth) {
    let position = scene.of_interest;
    scene.sensors[position].descriptor.stamp = Stamp::Device;
    scene.device.sensors[position].stamp = Stamp::Device;
    let updates = scene.sensors[position].model.updates.expect("it updates");
    let index = SensorIndex::of(position);
    let Recorded { usual, dense, steps, .. } = &mut scene.recorded;
    for record in [usual, dense, &mut steps.as_mut().expect("with a load").meter] {
        record.sensors[position].stamp = Stamp::Device;
        for sample in record.samples.iter_mut().filter(|sample| sample.sensor == index) {
            sample.at = updates.last_before(sample.at);
        }
    }
    (scene, truth)
}

/// The same scene with a sensor that always shows the same.
pub(super) fn level(mut scene: Scene, value: f64) -> Scene {
    let index = SensorIndex::of(scene.of_interest);
    let Recorded { usual, dense, steps, .. } = &mut scene.recorded;
    for record in [usual, dense, &mut steps.as_mut().expect("with a load").meter] {
        record.samples.iter_mut().filter(|sample| sample.sensor == index).for_each(|sample| sample.value = value);
    }
    scene
}

/// A board whose counter is looked at.
pub(super) fn counter(seed: u64, period: Duration, resolution: f64) -> (Scene, Truth) {
    let stage = Stage::new(seed, 230.0);
    let counter = counter_sensor(&stage, period, resolution);
    let period_s = counter.model.updates.expect("it updates").period.as_secs_f64();
    let truth = Truth {
        period: Some((period_s, 0.01 * period_s)),
        window: None,
        lag: Some((0.0, 0.03)),
        resolution: Some(resolution),
        ratio: None,
        idle_w: stage.idle_w(),
    };
    let power = VirtualSensor {
        descriptor: descriptor("power", SensorKind::Power(PowerMeaning::Instant), 0.0),
        model: SensorModel::power(Duration::ZERO),
    };
    (scene(stage, vec![counter, power], 0), truth)
}

/// A board whose load draws nothing.
pub(super) fn idle_load(seed: u64, window: Duration) -> Scene {
    let stage = Stage::new(seed, 0.0);
    let model = SensorModel::power(window).updating(stage.updates(millis(100), 20)).rounding(1e-3);
    let power = VirtualSensor { descriptor: descriptor("power", SensorKind::Power(PowerMeaning::Instant), 1e-3), model };
    let counter = counter_sensor(&stage, millis(100), 1e-3);
    scene(stage, vec![counter, power], 1)
}

/// The same scene recorded with a sensor that fails.
pub(super) fn failing(scene: Scene, fault: impl Fn(SensorModel) -> SensorModel) -> Scene {
    let Scene { device, of_interest, mut sensors, stage, .. } = scene;
    sensors[of_interest].model = fault(sensors[of_interest].model.clone());
    Scene { recorded: stage.recorded(&sensors), device, of_interest, sensors, stage }
}

/// The same scene without a load.
pub(super) fn without_load(scene: Scene) -> Scene {
    Scene { recorded: Recorded { steps: None, ..scene.recorded }, ..scene }
}

/// Two boards of one kind in one record.
pub(super) fn beside(first: Scene, second: Scene) -> (Recorded, Vec<Device>) {
    let mut other = second.device;
    other.id = DeviceId::new("board-1");
    other.sensors.iter_mut().for_each(|sensor| sensor.device = other.id.clone());
    let joined = |mut whole: SensorRecord, part: SensorRecord| {
        let n = whole.sensors.len();
        whole.sensors.extend(part.sensors.into_iter().map(|sensor| SensorDescriptor { device: other.id.clone(), ..sensor }));
        whole.samples.extend(part.samples.into_iter().map(|mut sample| {
            sample.sensor = SensorIndex::of(n + usize::from(sample.sensor.0));
            sample
        }));
        whole
    };
    let recorded = Recorded {
        usual: joined(first.recorded.usual, second.recorded.usual),
        idle: first.recorded.idle,
        dense: joined(first.recorded.dense, second.recorded.dense),
        steps: None,
    };
    (recorded, vec![first.device, other])
}
