//! A socket and its platform as files that grow on the real clock, through the whole way from the tree to an energy.

use lem_domain::backend::Backend;
use lem_domain::derive::{EnergyReading, headline, read_energy};
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec, RequiredGrade};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::Waveform;
use lem_domain::{Boundary, Clock, FindingCode, HostClock, TimeWindow, Timestamp};
use lem_energy::virtual_hardware::{PowercapTree, Zone};
use lem_energy::{Machine, Opened, SamplerKind, Surroundings, open};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A machine whose zones have been growing since `origin`.
struct Growing {
    folder: TempDir,
    tree: PowercapTree,
    origin: Timestamp,
}

impl Growing {
    fn of(zones: Vec<Zone>) -> Self {
        let (folder, origin) = (tempfile::tempdir().expect("a folder"), HostClock.now());
        let tree = PowercapTree::grow(&class(folder.path()), zones, origin).expect("written");
        Self { folder, tree, origin }
    }

    fn open(&self) -> Opened {
        let spec = EnergySpec { required: RequiredGrade::Measured, ..EnergySpec::of(EnergyChoice::Only(vec![EnergySource::Rapl])) };
        let surroundings = Surroundings {
            backend: Backend::Candle,
            clock: Arc::new(HostClock),
            sampler: SamplerKind::Threaded,
            world: None,
            machine: Machine::below(self.folder.path()),
            profiles: Vec::new(),
            engine_threads: None,
        };
        open(&spec, surroundings).expect("opens")
    }

    /// A session with windows of these lengths one after another; `between` runs within each.
    fn measure(&mut self, lengths: &[Duration], mut between: impl FnMut(&mut Self)) -> (SensorRecord, Vec<TimeWindow>) {
        let opened = self.open();
        let mut session = opened.backend.start().expect("starts");
        sleep(session.margin().max(Duration::from_millis(300)));
        let windows = lengths.iter().map(|&length| {
            session.read_edge();
            let start = HostClock.now();
            sleep(length / 2);
            between(self);
            sleep(length / 2);
            let window = TimeWindow { start, end: HostClock.now() };
            session.read_edge();
            window
        });
        let windows = windows.collect();
        sleep(session.margin().max(Duration::from_millis(100)));
        (session.stop().expect("alive"), windows)
    }

    /// What a zone's power was in a window.
    fn truth(&self, power: &Waveform, window: TimeWindow) -> Joules {
        let since = |at: Timestamp| Timestamp::from_nanos(at.as_nanos() - self.origin.as_nanos());
        power.energy_over(TimeWindow { start: since(window.start), end: since(window.end) })
    }
}

fn class(root: &Path) -> std::path::PathBuf {
    root.join("sys/class/powercap")
}

fn sleep(duration: Duration) {
    HostClock.sleep_until(HostClock.now().after(duration));
}

fn square(high: f64, low: f64) -> Waveform {
    Waveform::square(Watts::new(high), Watts::new(low), Duration::from_millis(700))
}

fn readings(record: &SensorRecord, window: TimeWindow) -> Vec<EnergyReading> {
    read_energy(record, window, &[], &[])
}

/// Within what is stated, and nearer than the gain that makes up most of it: on a busy machine the writer of the files is
/// late by some milliseconds.
fn check(reading: &EnergyReading, truth: Joules) {
    let energy = reading.energy.value().unwrap_or_else(|| panic!("{}: {:?}", reading.sensor, reading.energy));
    let error = (energy - truth).get().abs();
    let stated = reading.energy.uncertainty().expect("stated").expanded();
    assert!(error <= stated && error <= 0.04 * truth.get(), "{}: {energy:?} ± {stated} J of {truth:?}", reading.sensor);
}

#[test]
fn every_domain_of_a_machine_is_measured_and_only_its_sockets_are_added() {
    let zone = |folder: &str, name: &str, power: &Waveform| Zone::new(folder, name, power.clone());
    let (package, core, dram) = (square(160.0, 40.0), square(100.0, 10.0), Waveform::Flat(Watts::new(12.0)));
    let (second, platform) = (Waveform::Flat(Watts::new(50.0)), Waveform::Flat(Watts::new(230.0)));
    let mut machine = Growing::of(vec![
        zone("intel-rapl:0", "package-0", &package),
        zone("intel-rapl:0:0", "core", &core),
        zone("intel-rapl:0:1", "dram", &dram),
        zone("intel-rapl:1", "package-1", &second),
        zone("intel-rapl:2", "psys", &platform),
    ]);
    let (record, windows) = machine.measure(&[600, 1_000, 1_300].map(Duration::from_millis), |_| ());
    for window in windows {
        let readings = readings(&record, window);
        let seen: Vec<_> = readings.iter().map(|reading| (reading.sensor.as_str(), reading.boundary)).collect();
        let expected = [
            ("package", Boundary::CpuPackage),
            ("dram", Boundary::Dram),
            ("cores", Boundary::CpuCores),
            ("package", Boundary::CpuPackage),
            ("platform", Boundary::Platform),
        ];
        assert_eq!(seen, expected);
        for (reading, power) in readings.iter().zip([&package, &dram, &core, &second, &platform]) {
            check(reading, machine.truth(power, window));
        }
        let total = headline(&readings, |reading| &reading.energy);
        let sockets = machine.truth(&package, window) + machine.truth(&second, window);
        let error = (total.value().expect("both sockets") - sockets).get().abs();
        assert!(error <= 0.04 * sockets.get() && total.boundary() == Some(Boundary::CpuPackage), "{total:?} of {sockets:?}");
    }
}

#[test]
fn a_counter_that_wraps_again_and_again_loses_nothing() {
    let power = Waveform::Flat(Watts::new(120.0));
    // 100 W may peak at 150 W: a quarter of the range is 50 ms of that, and the window holds several wraps.
    let zone = Zone {
        wraps_at: Joules::new(30.0),
        start: Joules::new(25.0),
        limit: Some(Watts::new(100.0)),
        ..Zone::new("intel-rapl:0", "package-0", power.clone())
    };
    let mut machine = Growing::of(vec![zone]);
    let (record, windows) = machine.measure(&[Duration::from_secs(1)], |_| ());
    assert_eq!(record.sensors[0].interval, Duration::from_millis(50));
    let decreases = record.samples.windows(2).filter(|pair| pair[1].value < pair[0].value).count();
    assert!(decreases >= 3, "{decreases} wraps");
    check(&readings(&record, windows[0])[0], machine.truth(&power, windows[0]));
}

#[test]
fn a_counter_that_starts_over_or_stops_within_the_window_leaves_no_figure() {
    let zone = || Zone { start: Joules::new(5_000.0), ..Zone::new("intel-rapl:0", "package-0", Waveform::Flat(Watts::new(80.0))) };
    let problem = |machine: &mut Growing, event: fn(&mut Growing)| {
        let (record, windows) = machine.measure(&[Duration::from_secs(2)], event);
        let reading = readings(&record, windows[0]).remove(0);
        assert_eq!((reading.energy.value(), reading.energy.validity().as_str()), (None, "invalid"), "{reading:?}");
        reading.problem
    };
    let stops = |machine: &mut Growing| machine.tree.pause();
    assert_eq!(problem(&mut Growing::of(vec![zone()]), stops), Some(FindingCode::SensorStuck));
    let starts_over = |machine: &mut Growing| {
        machine.tree.pause();
        let again = Zone { start: Joules::new(0.0), ..Zone::new("intel-rapl:0", "package-0", Waveform::Flat(Watts::new(80.0))) };
        machine.tree = PowercapTree::grow(&class(machine.folder.path()), vec![again], HostClock.now()).expect("written");
    };
    assert_eq!(problem(&mut Growing::of(vec![zone()]), starts_over), Some(FindingCode::CounterReset));
    let vanishes = |machine: &mut Growing| {
        machine.tree.pause();
        fs::write(class(machine.folder.path()).join("intel-rapl:0/energy_uj"), "").expect("written");
    };
    assert_eq!(problem(&mut Growing::of(vec![zone()]), vanishes), Some(FindingCode::SensorLost));
}
