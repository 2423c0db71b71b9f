//! Which meter a choice gives, what it says about its sources, and the estimate from file to joules.

use super::*;
use crate::written_tree::Tree;
use lem_domain::derive::{headline, read_energy};
use lem_domain::protocol::SeamError;
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{CpuPowerOverride, EnergyLaw};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::VirtualClock;
use lem_domain::{Grade, HostClock, TimeWindow, Timestamp};
use std::fs;
use std::time::Duration;

const STAT: &str = "cpu  30 0 0 0 0 0 0 0 0 0\ncpu0 10 0 0 0 0 0 0 0 0 0\ncpu1 20 0 0 0 0 0 0 0 0 0\nintr 1";

/// The counter of the only package of [`with_rapl`].
const PACKAGE: &str = "sys/class/powercap/intel-rapl:0/energy_uj";

fn spec(sources: EnergyChoice) -> EnergySpec {
    EnergySpec {
        // Longer than any test: only forced reads count, but for RAPL, which is never read so rarely.
        interval: Some(Duration::from_secs(3_600)),
        ..EnergySpec::of(sources)
    }
}

fn only(source: EnergySource) -> EnergyChoice {
    EnergyChoice::Only(vec![source])
}

fn with_stat() -> Tree {
    Tree::of(&[("proc/stat", STAT)])
}

fn with_rapl() -> Tree {
    let tree = with_stat();
    tree.write("sys/class/powercap/intel-rapl:0/name", "package-0");
    tree.write("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
    tree.count(PACKAGE, 5_000_000);
    tree
}

fn surroundings(tree: &Tree, backend: Backend, world: Option<Arc<World>>) -> Surroundings {
    let (clock, sampler) = (Arc::new(HostClock), SamplerKind::Threaded);
    Surroundings { backend, clock, sampler, world, machine: tree.machine(), profiles: Vec::new(), engine_threads: None }
}

fn world() -> Option<Arc<World>> {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(50.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
    Some(Arc::new(World::new(law)))
}

fn record(opened: &Opened) -> SensorRecord {
    let mut session = opened.backend.start().expect("starts");
    session.read_edge();
    session.stop().expect("alive")
}

fn sensors(record: &SensorRecord) -> Vec<&str> {
    record.sensors.iter().map(|sensor| sensor.name.as_str()).collect()
}

/// Each source with the variant of its verdict.
fn verdicts(record: &SensorRecord) -> Vec<(&str, &str)> {
    let variant = |status: &SourceStatus| match status {
        SourceStatus::Works => "works",
        SourceStatus::Broken(_) => "broken",
        SourceStatus::NotPermitted { .. } => "not permitted",
        SourceStatus::Absent(_) => "absent",
        SourceStatus::NotAsked => "not asked",
    };
    record.sources.iter().map(|verdict| (verdict.source.as_str(), variant(&verdict.status))).collect()
}

#[test]
fn each_choice_gives_its_sensors_and_says_what_it_looked_for() {
    let (linux, elsewhere) = (with_stat(), Tree::of(&[]));
    let check = |tree: &Tree, choice: EnergyChoice, backend, expected_sensors: &[&str], expected: &[(&str, &str)]| {
        let opened = open(&spec(choice.clone()), surroundings(tree, backend, world())).expect("opens");
        let record = record(&opened);
        assert_eq!(sensors(&record), expected_sensors, "{choice:?} on {backend}");
        assert_eq!(record.samples.len(), 3 * expected_sensors.len(), "start, edge and stop");
        assert_eq!(verdicts(&record), expected, "{choice:?} on {backend}: {:?}", record.sources);
    };
    let estimate = |status| [("nvml", "absent"), ("rapl", "absent"), ("amd", "absent"), ("hwmon", "absent"), ("estimate", status)];
    let none = ["nvml", "rapl", "amd", "hwmon", "estimate"].map(|source| (source, "not asked"));
    check(&linux, EnergyChoice::Auto, Backend::Candle, &["busy-time"], &estimate("works"));
    check(&elsewhere, EnergyChoice::Auto, Backend::Candle, &[], &estimate("absent"));
    check(&linux, EnergyChoice::None, Backend::Candle, &[], &none);
    check(&linux, only(EnergySource::Estimate), Backend::Virtual, &["busy-time"], &[("estimate", "works")]);
    check(&linux, EnergyChoice::None, Backend::Virtual, &[], &[("virtual", "not asked")]);
    check(&elsewhere, EnergyChoice::Auto, Backend::Virtual, &["total-energy", "power"], &[("virtual", "works")]);
    check(&elsewhere, only(EnergySource::Virtual), Backend::Virtual, &["total-energy", "power"], &[("virtual", "works")]);
}

#[test]
fn a_processor_that_is_measured_is_not_estimated_unless_both_are_named() {
    let tree = with_rapl();
    let _counting = tree.advance(&[PACKAGE]);
    let auto = open(&spec(EnergyChoice::Auto), surroundings(&tree, Backend::Candle, None)).expect("opens");
    let auto = record(&auto);
    assert_eq!(sensors(&auto), ["package"]);
    assert_eq!(verdicts(&auto)[1], ("rapl", "works"));
    assert_eq!(verdicts(&auto)[4], ("estimate", "not asked"));
    let both = EnergyChoice::Only(vec![EnergySource::Estimate, EnergySource::Rapl]);
    let both = open(&spec(both), surroundings(&tree, Backend::Candle, None)).expect("opens");
    let both = record(&both);
    assert_eq!(sensors(&both), ["busy-time", "package"], "in the order of the list");
    assert_eq!(verdicts(&both), [("estimate", "works"), ("rapl", "works")]);
    for sensor in 0..2 {
        assert!(both.samples.iter().filter(|sample| sample.sensor.0 == sensor).count() >= 3, "start, edge and stop of each");
    }
}

#[test]
fn what_was_named_and_is_not_there_is_an_error_with_a_way_out() {
    let linux = with_stat();
    let refused = |choice, backend| open(&spec(choice), surroundings(&linux, backend, None)).err().expect("not there");
    for source in [EnergySource::Nvml, EnergySource::Rapl, EnergySource::Amd, EnergySource::Hwmon] {
        // One that works does not make up for it.
        for choice in [only(source), EnergyChoice::Only(vec![EnergySource::Estimate, source])] {
            let error = refused(choice, Backend::Candle);
            let EnergyError::NotUsable { source_name, status: SourceStatus::Absent(_) } = &error else { panic!("{error:?}") };
            assert_eq!(*source_name, source);
            assert!(SeamError::from(error).hint.is_some_and(|hint| hint.contains("lem doctor") && hint.contains("energy.backend")));
        }
    }
    let error = refused(only(EnergySource::Virtual), Backend::Candle);
    assert!(matches!(error, EnergyError::NoWorld), "{error:?}");
}

#[test]
fn a_stat_file_that_cannot_be_read_is_no_sensor_and_not_a_failure_of_auto() {
    let tree = Tree::of(&[]);
    fs::create_dir_all(tree.root().join("proc/stat")).expect("made");
    let opened = open(&spec(EnergyChoice::Auto), surroundings(&tree, Backend::Candle, None)).expect("opens");
    let record = record(&opened);
    let status = &record.sources.last().expect("the estimate").status;
    assert!(matches!(status, SourceStatus::Broken(reason) if reason.contains("directory")), "{status:?}");
}

#[test]
fn host_sensors_refuse_simulated_time_and_no_sampler_runs_without_pause() {
    let linux = with_stat();
    let stepped = |spec: &EnergySpec| {
        let (clock, sampler) = (Arc::new(VirtualClock::new()), SamplerKind::Stepped);
        open(spec, Surroundings { clock, sampler, ..surroundings(&linux, Backend::Virtual, world()) }).err()
    };
    let error = stepped(&spec(only(EnergySource::Estimate)));
    assert!(matches!(error, Some(EnergyError::SimulatedTime { source_name: EnergySource::Estimate })), "{error:?}");
    let pauseless = EnergySpec { interval: Some(Duration::ZERO), ..spec(EnergyChoice::Auto) };
    assert!(matches!(stepped(&pauseless), Some(EnergyError::ZeroInterval)));
}

#[test]
fn busy_ticks_become_joules_of_idle_and_busy_threads() {
    let tree = with_stat();
    let watts = CpuPowerOverride { idle: Watts::new(1.0), max: Watts::new(5.0) };
    let spec = EnergySpec { cpu_power: Some(watts), ..spec(only(EnergySource::Estimate)) };
    // The thread waits for an hour that does not pass; time moves only here, so the joules are exact.
    let clock = Arc::new(VirtualClock::new());
    let opened = open(&spec, Surroundings { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..surroundings(&tree, Backend::Candle, None) });
    let opened = opened.expect("opens");
    let mut session = opened.backend.start().expect("starts");
    let start = clock.now();
    // One of two threads works for half of 4 s; jiffies follow the machine's own tick.
    let ticks = 10 + 2 * rustix::param::clock_ticks_per_second();
    tree.write("proc/stat", &format!("cpu  0\ncpu0 {ticks} 0 0 900 900 0 0 900 0 0\ncpu1 20 0 0 0 0 0 0 0 0 0\nintr 1"));
    clock.sleep_until(Timestamp::default().after(Duration::from_secs(4)));
    session.read_edge();
    let window = TimeWindow { start, end: clock.now() };
    let record = session.stop().expect("alive");

    let energy = headline(&read_energy(&record, window, &[], &[]), |reading| &reading.energy);
    // 2 threads × 1 W × 4 s + 4 W × 2 thread-seconds.
    assert!((energy.value().expect("covered").get() - 16.0).abs() < 1e-9, "{energy:?}");
    assert_eq!(energy.grade(), Grade::Estimated);
}
