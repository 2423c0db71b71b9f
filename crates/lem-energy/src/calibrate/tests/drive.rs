//! The driving, on simulated time: what is recorded in which order, what a failure and an interrupt leave.

use super::scene::{at, millis};
use crate::calibrate::{Bench, Label, Load, Meters, Plan, Recorded, Tools, analyse, record};
use crate::source::{Reader, Reading};
use crate::stepped::SteppedSession;
use crate::survey::Device;
use crate::virtual_hardware::{SensorModel, Updates};
use crate::written_tree::Tree;
use lem_domain::profile::ProfileKey;
use lem_domain::protocol::{EnergyBackend, EnergySession, Fault, Interrupt, SeamError, Silent};
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorKind, Stamp};
use lem_domain::spec::EnergySource;
use lem_domain::units::Watts;
use lem_domain::world::{VirtualClock, Waveform};
use lem_domain::{Boundary, Clock, DeviceId, Timestamp};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// A machine whose power follows a load that is switched while simulated time stands still.
#[derive(Clone)]
struct Rig {
    clock: Arc<VirtualClock>,
    power: Arc<Mutex<Waveform>>,
}

impl Rig {
    fn new() -> Self {
        let idle = Waveform::Levels { before: Watts::new(40.0), then: Vec::new() };
        Self { clock: Arc::new(VirtualClock::new()), power: Arc::new(Mutex::new(idle)) }
    }

    fn meter(&self, interval: Duration) -> RigMeter {
        RigMeter { rig: self.clone(), interval }
    }

    fn drive(&self, load: Option<&mut dyn Load>, plan: &Plan, interrupt: &Interrupt) -> Result<Option<Recorded>, SeamError> {
        let (usual, dense, steps) = (self.meter(millis(50)), self.meter(Duration::from_micros(250)), self.meter(millis(2)));
        let meters = Meters { usual: &usual, dense: &dense, steps: &steps };
        record(&meters, load, plan, Tools { clock: &*self.clock, progress: &Silent, interrupt })
    }
}

struct RigMeter {
    rig: Rig,
    interval: Duration,
}

fn descriptor() -> SensorDescriptor {
    SensorDescriptor {
        name: "power".to_owned(),
        device: DeviceId::new("rig"),
        device_name: "rig".to_owned(),
        kind: SensorKind::Power(PowerMeaning::Averaged(millis(300))),
        boundary: Boundary::CpuPackage,
        update_period: millis(50),
        stamp: Stamp::Read,
        interval: millis(50),
        resolution: 0.001,
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: "rig".to_owned(),
    }
}

struct RigReader {
    descriptor: SensorDescriptor,
    model: SensorModel,
    power: Arc<Mutex<Waveform>>,
}

impl Reader for RigReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        std::slice::from_ref(&self.descriptor)
    }

    fn read(&mut self, now: Timestamp, slots: &mut [Option<Reading>]) {
        let power = self.power.lock().expect("nobody panics");
        slots[0] = self.model.read(&power, now).map(|value| Reading { value, at: None });
    }
}

impl EnergyBackend for RigMeter {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        let updates = Updates { period: millis(50), phase: millis(13), jitter: Duration::ZERO, seed: 0 };
        let model = SensorModel::power(millis(300)).updating(updates).rounding(0.001);
        let descriptor = SensorDescriptor { interval: self.interval, ..descriptor() };
        let reader = RigReader { descriptor, model, power: Arc::clone(&self.rig.power) };
        Ok(Box::new(SteppedSession::start(vec![Box::new(reader)], Vec::new(), Arc::clone(&self.rig.clock) as Arc<dyn Clock>)))
    }
}

/// Draws 60 W while it is on, and keeps count.
struct RigLoad {
    rig: Rig,
    switched: Vec<bool>,
    /// Ends by itself at this switch.
    dies_at: usize,
    /// Raised at this switch.
    interrupts_at: (usize, Interrupt),
}

impl RigLoad {
    fn new(rig: &Rig) -> Self {
        Self { rig: rig.clone(), switched: Vec::new(), dies_at: usize::MAX, interrupts_at: (usize::MAX, Interrupt::new()) }
    }

    fn switch(&mut self, is_on: bool) -> Result<(), SeamError> {
        if self.switched.len() >= self.dies_at {
            return Err(SeamError::new(Fault::Run, "the load has ended"));
        }
        if self.switched.len() == self.interrupts_at.0 {
            self.interrupts_at.1.raise();
        }
        self.switched.push(is_on);
        let mut power = self.rig.power.lock().expect("nobody panics");
        let Waveform::Levels { then, .. } = &mut *power else { panic!("made so") };
        then.push((self.rig.clock.now(), Watts::new(if is_on { 100.0 } else { 40.0 })));
        Ok(())
    }
}

impl Load for RigLoad {
    fn label(&self) -> String {
        "sixty watts".to_owned()
    }

    fn settling(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn on(&mut self) -> Result<(), SeamError> {
        self.switch(true)
    }

    fn off(&mut self) -> Result<(), SeamError> {
        self.switch(false)
    }
}

fn plan(load: &RigLoad) -> Plan {
    Plan::within(Duration::from_secs(60), Some(load.settling()), 5)
}

#[test]
fn a_whole_calibration_finds_the_sensor_and_takes_as_long_as_planned() {
    let rig = Rig::new();
    let mut load = RigLoad::new(&rig);
    let plan = plan(&load);
    let recorded = rig.drive(Some(&mut load), &plan, &Interrupt::new()).expect("drives").expect("not interrupted");
    assert!((55.0..65.0).contains(&rig.clock.now().since(at(0.0)).get()), "{:?}", rig.clock.now());
    assert_eq!(load.switched.last(), Some(&false));
    assert_eq!(recorded.steps.as_ref().expect("stepped").edges.len(), plan.steps.len());

    let device = Device {
        id: DeviceId::new("rig"),
        name: "rig".to_owned(),
        source: EnergySource::Hwmon,
        index: None,
        visible: true,
        key: ProfileKey { board: "rig".to_owned(), driver: String::new(), firmware: String::new() },
        facts: Vec::new(),
        sensors: vec![descriptor()],
        problem: None,
        parts: Vec::new(),
    };
    let label = Label { at: SystemTime::UNIX_EPOCH, tool_version: "0".to_owned(), load: Some(load.label()) };
    let found = analyse(&recorded, &[device], &label).remove(0).sensors.remove(0);
    let seconds = |found: lem_domain::profile::Found<Duration>| found.value().expect("found").as_secs_f64();
    let near = |found: f64, truth: f64, within: f64| assert!((found - truth).abs() <= within, "{found} is not {truth}");
    near(seconds(found.averaging_window), 0.3, 0.01);
    near(seconds(found.lag), 0.15, 0.005);
    near(found.idle[0].1.value().expect("found").get(), 40.0, 1e-3);
    // The power stands still but for steps, so that not every update shows; those that do are 50 ms apart.
    near(seconds(found.update_period), 0.05, 1e-4);
}

#[test]
fn an_interrupt_ends_it_at_once_with_the_load_off() {
    for switch in [0, 1, 2, 7] {
        let rig = Rig::new();
        let interrupt = Interrupt::new();
        let mut load = RigLoad { interrupts_at: (switch, interrupt.clone()), ..RigLoad::new(&rig) };
        let plan = plan(&load);
        assert!(rig.drive(Some(&mut load), &plan, &interrupt).expect("no failure").is_none());
        assert!(load.switched.len() <= switch + 3 && load.switched.last() == Some(&false), "{:?}", load.switched);
    }
    let (rig, interrupt) = (Rig::new(), Interrupt::new());
    interrupt.raise();
    let mut load = RigLoad::new(&rig);
    let plan = plan(&load);
    assert!(rig.drive(Some(&mut load), &plan, &interrupt).expect("no failure").is_none());
    assert_eq!((load.switched.len(), rig.clock.now()), (0, at(0.0)), "it was never switched on");
}

#[test]
fn a_load_that_ends_by_itself_is_an_error_and_no_step() {
    for dies_at in [0, 1, 2, 6] {
        let rig = Rig::new();
        let mut load = RigLoad { dies_at, ..RigLoad::new(&rig) };
        let plan = plan(&load);
        let error = rig.drive(Some(&mut load), &plan, &Interrupt::new()).expect_err("it ended");
        assert_eq!(error.what, "the load has ended", "at switch {dies_at}");
    }
}

#[test]
fn only_sensors_are_calibrated_and_a_wrong_choice_names_the_right_ones() {
    let tree = Tree::of(&[("proc/stat", "cpu  10 0 0 0 0 0 0 0 0 0\ncpu0 10 0 0 0 0 0 0 0 0 0\nintr 1")]);
    let error = SeamError::from(Bench::find(&tree.machine(), &[]).err().expect("an estimate is no sensor"));
    assert!(error.fault == Fault::Preflight && error.what.contains("rapl:") && !error.what.contains("estimate"), "{error:?}");

    tree.write("sys/class/powercap/intel-rapl:0/name", "package-0");
    tree.write("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
    tree.count("sys/class/powercap/intel-rapl:0/energy_uj", 5_000_000);
    let _counting = tree.advance(&["sys/class/powercap/intel-rapl:0/energy_uj"]);
    for choice in [vec![], vec!["rapl".to_owned()], vec!["rapl:0".to_owned()], vec!["cpu-package-0".to_owned()]] {
        let bench = Bench::find(&tree.machine(), &choice).expect("there");
        assert_eq!((bench.devices().len(), bench.is_of_processors()), (1, true), "{choice:?}");
    }
    let error = SeamError::from(Bench::find(&tree.machine(), &["nvml:0".to_owned()]).err().expect("not there"));
    assert!(error.fault == Fault::Usage && error.hint.as_deref().is_some_and(|hint| hint.contains("rapl:0 (cpu-package-0)")), "{error:?}");
}
