//! Which meter a choice gives, what it says about its sources, and the estimate from file to joules.

use super::*;
use lem_domain::derive::{headline, read_energy};
use lem_domain::protocol::SeamError;
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{CpuPowerOverride, EnergyLaw, RequiredGrade};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::VirtualClock;
use lem_domain::{Grade, HostClock, TimeWindow, Timestamp};
use std::fs;
use std::time::Duration;

fn spec(source: EnergyChoice) -> EnergySpec {
    // Longer than any test: only forced reads count.
    EnergySpec { source, interval: Duration::from_secs(3_600), cpu_power: None, required: RequiredGrade::Any }
}

fn proc_with(stat: Option<&str>) -> tempfile::TempDir {
    let proc = tempfile::tempdir().expect("a folder");
    if let Some(stat) = stat {
        fs::write(proc.path().join("stat"), stat).expect("written");
    }
    proc
}

fn world() -> Option<Arc<World>> {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(50.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
    Some(Arc::new(World::new(law)))
}

fn threaded(proc: &Path, source: EnergyChoice, backend: Backend, world: Option<Arc<World>>) -> Result<Opened, EnergyError> {
    open_at(proc, &spec(source), backend, Arc::new(HostClock), SamplerKind::Threaded, world)
}

fn record(opened: &Opened) -> SensorRecord {
    let mut session = opened.backend.start().expect("starts");
    session.read_edge();
    session.stop().expect("alive")
}

const STAT: &str = "cpu  30 0 0 0 0 0 0 0 0 0\ncpu0 10 0 0 0 0 0 0 0 0 0\ncpu1 20 0 0 0 0 0 0 0 0 0\nintr 1\n";

#[test]
fn each_choice_gives_its_sensors_and_says_what_it_looked_for() {
    let (linux, elsewhere) = (proc_with(Some(STAT)), proc_with(None));
    let check = |proc: &Path, source, backend, sensors: &[&str], name: &str, is_expected: fn(&SourceStatus) -> bool| {
        let opened = threaded(proc, source, backend, world()).expect("opens");
        let record = record(&opened);
        let names: Vec<_> = record.sensors.iter().map(|sensor| sensor.name.as_str()).collect();
        assert_eq!(names, sensors, "{source:?} on {backend}");
        assert_eq!(record.samples.len(), 3 * sensors.len(), "start, edge and stop");
        let [verdict] = record.sources.as_slice() else { panic!("{:?}", record.sources) };
        assert!(verdict.source == name && is_expected(&verdict.status), "{source:?} on {backend}: {verdict:?}");
    };
    let works = |status: &SourceStatus| matches!(status, SourceStatus::Works);
    let absent = |status: &SourceStatus| matches!(status, SourceStatus::Absent(reason) if reason.contains("stat"));
    let not_asked = |status: &SourceStatus| matches!(status, SourceStatus::NotAsked);
    let (linux, elsewhere) = (linux.path(), elsewhere.path());
    check(linux, EnergyChoice::Auto, Backend::Candle, &["busy-time"], "estimate", works);
    check(linux, EnergyChoice::Estimate, Backend::Virtual, &["busy-time"], "estimate", works);
    check(elsewhere, EnergyChoice::Auto, Backend::Candle, &[], "estimate", absent);
    check(linux, EnergyChoice::None, Backend::Candle, &[], "estimate", not_asked);
    check(linux, EnergyChoice::None, Backend::Virtual, &[], "virtual", not_asked);
    check(elsewhere, EnergyChoice::Auto, Backend::Virtual, &["total-energy", "power"], "virtual", works);
    check(elsewhere, EnergyChoice::Virtual, Backend::Virtual, &["total-energy", "power"], "virtual", works);
}

#[test]
fn what_was_named_and_is_not_there_is_an_error_with_a_way_out() {
    let elsewhere = proc_with(None);
    let error = threaded(elsewhere.path(), EnergyChoice::Estimate, Backend::Candle, None).err().expect("no stat");
    assert!(SeamError::from(error).hint.is_some_and(|hint| hint.contains("energy.backend")));
    let error = threaded(elsewhere.path(), EnergyChoice::Virtual, Backend::Candle, None).err();
    assert!(matches!(error, Some(EnergyError::NoWorld)), "{error:?}");
}

#[test]
fn a_stat_file_that_cannot_be_read_is_no_sensor_and_not_a_failure_of_auto() {
    let proc = proc_with(None);
    fs::create_dir(proc.path().join("stat")).expect("made");
    let opened = threaded(proc.path(), EnergyChoice::Auto, Backend::Candle, None).expect("opens");
    assert!(matches!(&record(&opened).sources[0].status, SourceStatus::Broken(reason) if reason.contains("directory")));
    let refused = EnergyError::Unreadable { path: "/proc/stat".into(), source: io::ErrorKind::PermissionDenied.into() };
    assert!(matches!(verdict(&refused), SourceStatus::NotPermitted { .. }));
}

#[test]
fn host_sensors_refuse_simulated_time_and_no_sampler_runs_without_pause() {
    let linux = proc_with(Some(STAT));
    let stepped = |spec: &EnergySpec| {
        open_at(linux.path(), spec, Backend::Virtual, Arc::new(VirtualClock::new()), SamplerKind::Stepped, world()).err()
    };
    assert!(matches!(stepped(&spec(EnergyChoice::Estimate)), Some(EnergyError::SimulatedTime { source_name: "estimate" })));
    let pauseless = EnergySpec { interval: Duration::ZERO, ..spec(EnergyChoice::Auto) };
    assert!(matches!(stepped(&pauseless), Some(EnergyError::ZeroInterval)));
}

#[test]
fn busy_ticks_become_joules_of_idle_and_busy_threads() {
    let proc = proc_with(Some(STAT));
    let watts = CpuPowerOverride { idle: Watts::new(1.0), max: Watts::new(5.0) };
    let spec = EnergySpec { cpu_power: Some(watts), ..spec(EnergyChoice::Estimate) };
    // The thread waits for an hour that does not pass; time moves only here, so the joules are exact.
    let clock = Arc::new(VirtualClock::new());
    let opened = open_at(proc.path(), &spec, Backend::Candle, Arc::clone(&clock) as Arc<dyn Clock>, SamplerKind::Threaded, None);
    let opened = opened.expect("opens");
    let mut session = opened.backend.start().expect("starts");
    let start = clock.now();
    // One of two threads works for half of 4 s; jiffies follow the machine's own tick.
    let ticks = 10 + 2 * rustix::param::clock_ticks_per_second();
    let later = format!("cpu  0\ncpu0 {ticks} 0 0 900 900 0 0 900 0 0\ncpu1 20 0 0 0 0 0 0 0 0 0\nintr 1\n");
    fs::write(proc.path().join("stat"), later).expect("written");
    clock.sleep_until(Timestamp::default().after(Duration::from_secs(4)));
    session.read_edge();
    let window = TimeWindow { start, end: clock.now() };
    let record = session.stop().expect("alive");

    let energy = headline(&read_energy(&record, window, &[], &[]), |reading| &reading.energy);
    // 2 threads × 1 W × 4 s + 4 W × 2 thread-seconds.
    assert!((energy.value().expect("covered").get() - 16.0).abs() < 1e-9, "{energy:?}");
    assert_eq!(energy.grade(), Grade::Estimated);
}
