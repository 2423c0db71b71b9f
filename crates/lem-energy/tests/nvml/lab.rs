//! A machine with nothing but the fake library, what is found on it, and a session around a window.

use crate::fake_nvml::FakeNvml;
use lem_domain::backend::Backend;
use lem_domain::derive::{EnergyReading, read_energy};
use lem_domain::sensor::{SensorDescriptor, SensorRecord, SourceStatus};
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec};
use lem_domain::units::Joules;
use lem_domain::{Clock, HostClock, Quantity, TimeWindow, Timestamp};
use lem_energy::{Device, EnergyError, Machine, Opened, SamplerKind, Surroundings, Survey, open, survey};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A machine with nothing but this library.
pub(crate) fn machine(fake: &FakeNvml, visible_devices: Option<&str>) -> Machine {
    let visible_devices = visible_devices.map(str::to_owned);
    Machine { nvml_library: Some(fake.library()), visible_devices, ..Machine::below(Path::new("/nowhere")) }
}

pub(crate) fn try_open(machine: Machine) -> Result<Opened, EnergyError> {
    open_choice(EnergyChoice::Only(vec![EnergySource::Nvml]), machine)
}

fn open_choice(sources: EnergyChoice, machine: Machine) -> Result<Opened, EnergyError> {
    let spec = EnergySpec::of(sources);
    let (clock, sampler) = (Arc::new(HostClock), SamplerKind::Threaded);
    let surroundings =
        Surroundings { backend: Backend::Candle, clock, sampler, world: None, machine, profiles: Vec::new(), engine_threads: None };
    open(&spec, surroundings)
}

pub(crate) fn look(machine: &Machine) -> Survey {
    survey(machine, Vec::new())
}

pub(crate) fn boards(survey: &Survey) -> Vec<&Device> {
    survey.devices.iter().filter(|device| device.source == EnergySource::Nvml).collect()
}

pub(crate) fn status(survey: &Survey) -> &SourceStatus {
    &survey.verdicts.iter().find(|verdict| verdict.source == "nvml").expect("asked").status
}

pub(crate) fn sensor<'a>(device: &'a Device, name: &str) -> &'a SensorDescriptor {
    device.sensors.iter().find(|sensor| sensor.name == name).unwrap_or_else(|| panic!("{name} among {:?}", names(device)))
}

pub(crate) fn names(device: &Device) -> Vec<&str> {
    device.sensors.iter().map(|sensor| sensor.name.as_str()).collect()
}

pub(crate) fn sleep(duration: Duration) {
    HostClock.sleep_until(HostClock.now().after(duration));
}

/// Samples around a window of so many milliseconds that begins after `lead`.
pub(crate) fn measure(fake: &FakeNvml, lead: u64, window: u64) -> (SensorRecord, TimeWindow) {
    around(&try_open(machine(fake, None)).expect("opens"), Duration::from_millis(lead), Duration::from_millis(window))
}

/// The same of whatever works on the machine, with no source named.
pub(crate) fn measure_all(fake: &FakeNvml) -> (SensorRecord, TimeWindow) {
    let opened = open_choice(EnergyChoice::Auto, machine(fake, None)).expect("nothing was named");
    around(&opened, Duration::ZERO, Duration::from_millis(100))
}

fn around(opened: &Opened, lead: Duration, window: Duration) -> (SensorRecord, TimeWindow) {
    let mut session = opened.backend.start().expect("starts");
    let margin = session.margin();
    sleep(margin.max(lead));
    session.read_edge();
    let start = HostClock.now();
    sleep(window);
    let window = TimeWindow { start, end: HostClock.now() };
    session.read_edge();
    sleep(margin);
    (session.stop().expect("alive"), window)
}

pub(crate) fn readings(record: &SensorRecord, window: TimeWindow) -> Vec<EnergyReading> {
    read_energy(record, window, &[], &[])
}

/// A library whose wave begins now, and when that is.
pub(crate) fn from_now(settings: &[(&str, &str)]) -> (FakeNvml, Timestamp) {
    // The first one builds the library, which takes longer than a test that counts from now may wait.
    drop(FakeNvml::with(&[]));
    let origin = HostClock.now();
    let nanos = origin.as_nanos().to_string();
    (FakeNvml::with(&[settings, &[("ORIGIN_NS", nanos.as_str())]].concat()), origin)
}

/// A window as the wave counts time.
pub(crate) fn since(origin: Timestamp, window: TimeWindow) -> TimeWindow {
    let shifted = |at: Timestamp| Timestamp::from_nanos(at.as_nanos() - origin.as_nanos());
    TimeWindow { start: shifted(window.start), end: shifted(window.end) }
}

/// Within what is stated, and within `edges` of the truth.
pub(crate) fn check_within(energy: &Quantity<Joules>, truth: Joules, edges: f64, what: &str) {
    let value = energy.value().unwrap_or_else(|| panic!("{what}: {energy:?}"));
    let stated = energy.uncertainty().expect("stated").expanded();
    let error = (value - truth).get().abs();
    assert!(error <= stated, "{what}: {value:?} is {error} J off the truth {truth:?}, stated ±{stated}");
    // Most of what is stated is the gain, which is exact here: what remains is an update at each edge.
    assert!(error <= edges * truth.get(), "{what}: {value:?} is {error} J off the truth {truth:?}");
}
