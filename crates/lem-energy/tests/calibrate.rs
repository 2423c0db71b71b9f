//! A calibration from end to end through the real NVML path, on a board whose power follows a process that is stopped and
//! continued: what is found is what the library was made to be.

mod fake_nvml;

use fake_nvml::FakeNvml;
use lem_domain::profile::{BoardProfile, Found, SensorProfile};
use lem_domain::protocol::{Interrupt, SeamError, Silent};
use lem_domain::{Clock, HostClock};
use lem_energy::calibrate::{Bench, Label, Load, Meters, Plan, Rate, Tools, analyse, record};
use lem_energy::{Machine, survey};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

/// A process that sleeps: the library draws power for it while it is not stopped.
struct Sleeper {
    child: Child,
}

impl Sleeper {
    fn start(pid_file: &Path) -> Self {
        let child = Command::new("sleep").arg("600").spawn().expect("started");
        std::fs::write(pid_file, child.id().to_string()).expect("written");
        let sleeper = Self { child };
        sleeper.send("STOP");
        sleeper
    }

    fn send(&self, signal: &str) {
        let status = Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status().expect("there");
        assert!(status.success(), "{signal}");
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Load for Sleeper {
    fn label(&self) -> String {
        "a sleeper".to_owned()
    }

    fn settling(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn on(&mut self) -> Result<(), SeamError> {
        self.send("CONT");
        Ok(())
    }

    fn off(&mut self) -> Result<(), SeamError> {
        self.send("STOP");
        Ok(())
    }
}

fn calibrate(machine: &Machine, load: Option<&mut dyn Load>, total: Duration) -> BoardProfile {
    let bench = Bench::find(machine, &[]).expect("a board");
    let clock: Arc<dyn Clock> = Arc::new(HostClock);
    let [usual, dense, steps] = [Rate::Usual, Rate::Dense, Rate::Steps].map(|rate| bench.meter(rate, &clock));
    let meters = Meters { usual: &*usual, dense: &*dense, steps: &*steps };
    let label = Label { at: HostClock.wall(), tool_version: "0".to_owned(), load: load.as_ref().map(|load| load.label()) };
    let plan = Plan::within(total, load.as_ref().map(|load| load.settling()), 11);
    let tools = Tools { clock: &HostClock, progress: &Silent, interrupt: &Interrupt::new() };
    let recorded = record(&meters, load, &plan, tools).expect("drives").expect("not interrupted");
    analyse(&recorded, bench.devices(), &label).remove(0)
}

fn machine(fake: &FakeNvml) -> Machine {
    Machine { nvml_library: Some(fake.library()), visible_devices: None, ..Machine::below(Path::new("/nowhere")) }
}

fn sensor<'a>(profile: &'a BoardProfile, name: &str) -> &'a SensorProfile {
    profile.sensors.iter().find(|sensor| sensor.sensor == name).unwrap_or_else(|| panic!("{name} in {profile:?}"))
}

/// Within what is stated and what the library itself may be late in seeing its load change.
fn check(found: &Found<Duration>, truth_s: f64, blur_s: f64, what: &str) {
    let Found::Value { value, half_width } = found else { panic!("{what}: {found:?}") };
    let off = (value.as_secs_f64() - truth_s).abs();
    assert!(off <= half_width.as_secs_f64() + blur_s && half_width.as_secs_f64() < 0.15, "{what}: {found:?} is not {truth_s} s");
}

#[test]
fn a_board_under_a_process_that_is_stopped_and_continued_is_found_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let pid_file = folder.path().join("pid");
    let fake = FakeNvml::with(&[("WAVE", "process:80:330"), ("LOAD_PID", pid_file.to_str().expect("UTF-8"))]);
    let mut sleeper = Sleeper::start(&pid_file);
    let profile = calibrate(&machine(&fake), Some(&mut sleeper), Duration::from_secs(40));
    assert_eq!((profile.load.as_deref(), profile.key.driver.as_str()), (Some("a sleeper"), "nvidia 580.00.fake"));
    let names: Vec<_> = profile.sensors.iter().map(|sensor| sensor.sensor.as_str()).collect();
    assert_eq!(names, ["total-energy", "power-instant", "power-average", "memory-power"]);
    for (name, window_s) in [("total-energy", None), ("power-instant", Some(0.025)), ("power-average", Some(1.0))] {
        let found = sensor(&profile, name);
        check(&found.update_period, 0.1, 1e-4, name);
        check(&found.lag, window_s.map_or(0.0, |window| window / 2.0), 6e-3, name);
        if let Some(window_s) = window_s {
            check(&found.averaging_window, window_s, 6e-3, name);
            let Found::Value { value, half_width } = found.counter_ratio else { panic!("{name}: {:?}", found.counter_ratio) };
            assert!((value - 1.0).abs() <= half_width.max(0.01) && half_width < 0.05, "{name}: {value} ± {half_width}");
        }
        let idle = found.idle[0].1.value().expect("watched").get();
        assert!((idle - 80.0).abs() < 0.5, "{name}: {idle} W");
        assert!(found.read_latency.value().is_some());
    }
    // What was found is used from then on.
    let device = survey(&machine(&fake), vec![profile]).devices.remove(0);
    assert!(device.facts.iter().any(|(name, _)| name == "calibrated"), "{:?}", device.facts);
    assert!(device.sensors[0].source.contains("; calibrated on 20"), "{}", device.sensors[0].source);
}

#[test]
fn without_a_load_the_steps_are_left_open() {
    let fake = FakeNvml::with(&[("WAVE", "ramp:100:0.5"), ("GPUS", "2")]);
    let profile = calibrate(&machine(&fake), None, Duration::from_secs(40));
    let counter = sensor(&profile, "total-energy");
    check(&counter.update_period, 0.1, 1e-4, "period");
    assert!(matches!(&counter.lag, Found::Unknown(reason) if reason.contains("no load")), "{counter:?}");
    assert!(counter.idle[0].1.value().is_some() && profile.load.is_none(), "{counter:?}");
}
