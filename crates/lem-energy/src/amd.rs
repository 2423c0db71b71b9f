//! AMD GPUs: energy by AMD's management library where its counter can be believed, power by the files of the driver.

mod board;
mod check;
mod library;

use crate::channel::{Channel, Channels, ReadValue, Round, assumed_gain, gain_of_gauge};
use crate::machine::Machine;
use crate::profile;
use crate::source::{GAUGE_INTERVAL, Preferences, Probe, UNMEASURED_INTERVAL};
use crate::survey::Device;
use crate::sysfs::{Attribute, read_line};
use board::Board;
use check::Checked;
use lem_domain::counter::CounterRange;
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{Gauge, PowerMeaning, SensorDescriptor, SensorKind, SourceStatus, Stamp};
use lem_domain::spec::EnergySource;
use lem_domain::units::{Celsius, Hertz, Joules, Watts};
use lem_domain::{Boundary, DeviceId};
use library::{AmdSmi, Processor};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The driver asks the firmware for its table of metrics at most once a millisecond (`smu_cmn_get_metrics_table`).
const UPDATE_PERIOD: Duration = Duration::from_millis(1);

/// The sensor of the power that the firmware smooths.
const SMOOTHED: &str = "power-average";

/// A counter is taken for wrapped up to this multiple of the board's limit (MEASUREMENT.md §4).
const PLAUSIBLE_OVER_LIMIT: f64 = 1.5;

/// Looks for boards, then for the library that counts their energy.
pub(crate) fn probe(machine: &Machine, preferences: &Preferences) -> Probe {
    let boards = board::find(machine);
    if boards.is_empty() {
        return Probe::without(SourceStatus::Absent("no AMD GPU: the `amdgpu` driver shows none below `/sys`".to_owned()));
    }
    let (processors, library) = match AmdSmi::load(machine.amd_library.as_deref()) {
        Ok(library) => (library.processors(), None),
        Err(fault) => (Vec::new(), Some(fault.reason())),
    };
    let found = boards.into_iter().map(|board| {
        let processor = processors.iter().find(|processor| processor.address == board.address).cloned();
        Found::new(board, processor)
    });
    let mut found: Vec<Found> = found.collect();
    check_counters(&mut found);
    let version = driver(machine);
    let (mut devices, mut readers) = (Vec::new(), Vec::new());
    for (found, index) in found.iter().zip(0u32..) {
        let (device, rounds) = found.open(index, &version, library.as_deref(), preferences);
        devices.push(device);
        readers.extend(rounds.into_iter().map(Round::from));
    }
    if readers.is_empty() {
        let problems: Vec<&str> = devices.iter().filter_map(|device| device.problem.as_deref()).collect();
        return Probe { status: SourceStatus::Broken(problems.join("; ")), source: None, devices, findings: Vec::new() };
    }
    Probe { status: SourceStatus::Works, source: Some(Box::new(Channels(readers))), devices, findings: Vec::new() }
}

/// The driver's own version where it is built apart from the kernel, else the kernel's.
fn driver(machine: &Machine) -> String {
    let version = read_line(&machine.path("sys/module/amdgpu/version")).or_else(|| read_line(&machine.path("proc/sys/kernel/osrelease")));
    format!("amdgpu {}", version.unwrap_or_default()).trim_end().to_owned()
}

/// A way to a board's energy.
#[derive(Clone)]
enum Counter {
    Library(Processor),
    File(Attribute),
}

impl Counter {
    fn open(&self) -> io::Result<ReadValue> {
        match self {
            Self::File(attribute) => attribute.open(),
            Self::Library(processor) => {
                let processor = processor.clone();
                Ok(Box::new(move || processor.energy().map(|(energy, _)| energy.get())))
            }
        }
    }
}

/// A board and what could be read of it.
struct Found {
    board: Board,
    processor: Option<Processor>,
    counter: Option<Counter>,
    /// Power sensors that answer, with their names.
    powers: Vec<(&'static str, Attribute)>,
    /// What became of the counter, for a reader.
    note: Option<String>,
    problem: Option<String>,
}

impl Found {
    fn new(board: Board, processor: Option<Processor>) -> Self {
        let [instant, smoothed] = board.powers();
        let candidates = [("power", instant), (SMOOTHED, smoothed)];
        let files: Vec<_> = candidates.into_iter().filter_map(|(name, file)| Some((name, file?))).collect();
        let answers = |file: &Attribute| file.open().ok().and_then(|read| read());
        let values: Vec<Option<f64>> = files.iter().map(|(_, file)| answers(file)).collect();
        // A board that is on draws something. The second die of an MI250 shows nothing, its first shows both.
        let draws = |value: &Option<f64>| value.is_some_and(|watts| watts > 0.0);
        let powers: Vec<_> = files.iter().zip(&values).filter(|(_, value)| draws(value)).map(|(file, _)| file.clone()).collect();
        let problem = match (powers.is_empty(), values.iter().any(Option::is_some)) {
            (false, _) => None,
            (true, true) => Some("shows 0 W: asleep, or the second die of a board whose first shows both".to_owned()),
            (true, false) => Some("its power cannot be read".to_owned()),
        };
        let counted = processor.clone().filter(|processor| processor.energy().is_some()).map(Counter::Library);
        let counter = counted.or_else(|| board.energy().map(Counter::File));
        Self { board, processor, counter, powers, note: None, problem }
    }

    fn boundary(&self) -> Boundary {
        if self.board.shares_the_socket() { Boundary::Module } else { Boundary::GpuBoard }
    }

    /// What is shown of the board, and its sensors to read: first energy and power, then gauges.
    fn open(&self, index: u32, version: &str, library: Option<&str>, preferences: &Preferences) -> (Device, Vec<Vec<Channel>>) {
        let mut device = self.device(index, version, library);
        if device.problem.is_some() {
            return (device, Vec::new());
        }
        let mut rounds = [self.energies(&device), self.gauges(&device)];
        let mut descriptors: Vec<_> = rounds[0].iter().map(|channel| channel.descriptor.clone()).collect();
        profile::calibrate(&mut descriptors, &device.key, preferences);
        for (channel, descriptor) in rounds[0].iter_mut().zip(descriptors) {
            channel.descriptor = descriptor;
        }
        device.sensors = rounds.iter().flatten().map(|channel| channel.descriptor.clone()).collect();
        (device, rounds.into_iter().filter(|round| !round.is_empty()).collect())
    }

    fn device(&self, index: u32, version: &str, library: Option<&str>) -> Device {
        let board = &self.board;
        let known = self.processor.as_ref();
        let uuid = known.and_then(|processor| processor.uuid.clone()).or_else(|| board.serial().map(|serial| format!("amd-{serial}")));
        let name = known.and_then(|processor| processor.name.clone()).or_else(|| board.product());
        let name = name.unwrap_or_else(|| "AMD GPU".to_owned());
        let mut facts = vec![("PCI address".to_owned(), board.address.clone())];
        facts.extend(board.power_limit().map(|limit| ("power limit".to_owned(), format!("{} W", limit.get()))));
        facts.extend(library.map(|reason| ("energy counter".to_owned(), reason.to_owned())));
        facts.extend(self.note.clone().map(|note| ("energy counter".to_owned(), note)));
        Device {
            id: DeviceId::new(uuid.unwrap_or_else(|| format!("amd-{}", board.address))),
            source: EnergySource::Amd,
            index: Some(index),
            visible: true,
            key: ProfileKey { board: name.clone(), driver: version.to_owned(), firmware: board.firmware().unwrap_or_default() },
            name,
            facts,
            sensors: Vec::new(),
            problem: self.problem.clone(),
            parts: Vec::new(),
        }
    }

    fn energies(&self, device: &Device) -> Vec<Channel> {
        let counter = self.counter.iter().map(|counter| {
            let limit = self.board.power_limit().map(|limit| limit * PLAUSIBLE_OVER_LIMIT);
            let range = CounterRange { wraps_at: None, plausible_power: limit.unwrap_or(CounterRange::UNKNOWN_LIMIT_POWER) };
            let microjoule = Joules::from_microjoules(1);
            let descriptor = self.sensor(device, "total-energy", SensorKind::EnergyCounter(range), microjoule.get());
            match counter {
                Counter::File(file) => Channel::of_file(descriptor, file.clone()),
                Counter::Library(processor) => {
                    let resolution = processor.energy().map_or(microjoule, |(_, step)| step).get();
                    let descriptor = SensorDescriptor { resolution, source: "amdsmi_get_energy_count".to_owned(), ..descriptor };
                    let counter = counter.clone();
                    Channel { descriptor, path: PathBuf::from("libamd_smi.so"), open: Box::new(move || counter.open()) }
                }
            }
        });
        let powers = self.powers.iter().map(|(name, file)| {
            // How long the firmware smooths is not published; calibration finds it.
            let smoothed = if *name == SMOOTHED { ", smoothed by the firmware over an unpublished time" } else { "" };
            let power = self.sensor(device, name, SensorKind::Power(PowerMeaning::Instant), Watts::from_microwatts(1).get());
            Channel::of_file(SensorDescriptor { source: smoothed.to_owned(), ..power }, file.clone())
        });
        counter.chain(powers).collect()
    }

    fn gauges(&self, device: &Device) -> Vec<Channel> {
        let gauges = [
            ("temperature", Gauge::Temperature, self.board.temperature(), Celsius::from_millidegrees(1).get()),
            ("clock", Gauge::Frequency, self.board.clock(), Hertz::from_megahertz(1).get()),
            ("power-limit", Gauge::PowerLimit, self.board.power_limit_file(), Watts::from_microwatts(1).get()),
        ];
        let readable = gauges.into_iter().filter_map(|(name, gauge, file, resolution)| Some((name, gauge, file?, resolution)));
        readable
            .filter(|(_, _, file, _)| file.open().is_ok())
            .map(|(name, gauge, file, resolution)| {
                let sensor = self.sensor(device, name, SensorKind::Gauge(gauge), resolution);
                Channel::of_file(SensorDescriptor { interval: GAUGE_INTERVAL, gain: gain_of_gauge(), ..sensor }, file)
            })
            .collect()
    }

    /// What all sensors of the board have in common.
    fn sensor(&self, device: &Device, name: &str, kind: SensorKind, resolution: f64) -> SensorDescriptor {
        SensorDescriptor {
            name: name.to_owned(),
            device: device.id.clone(),
            device_name: device.name.clone(),
            kind,
            boundary: self.boundary(),
            update_period: UPDATE_PERIOD,
            stamp: Stamp::Read,
            interval: UNMEASURED_INTERVAL,
            resolution,
            gain: assumed_gain(),
            source: String::new(),
        }
    }
}

/// Holds every counter against its board's power, all in the same moment, and drops those that cannot be believed.
fn check_counters(found: &mut [Found]) {
    let (mut positions, mut pairs) = (Vec::new(), Vec::new());
    for (position, found) in found.iter_mut().enumerate() {
        let Some(counter) = found.counter.take() else { continue };
        let power = found.powers.first().and_then(|(_, power)| power.open().ok());
        let (Ok(energy), Some(power)) = (counter.open(), power) else {
            found.note = Some("not used: there is no power to check it against".to_owned());
            continue;
        };
        positions.push((position, counter));
        pairs.push((energy, power));
    }
    if pairs.is_empty() {
        return;
    }
    for ((position, counter), checked) in positions.into_iter().zip(check::compare(&pairs)) {
        match checked {
            Checked::Agrees => found[position].counter = Some(counter),
            Checked::Differs { counted, integrated } => {
                found[position].note = Some(format!("not used: it counted {counted:.1} J where power gives {integrated:.1} J"));
            }
            Checked::Silent => found[position].note = Some("not used: it did not answer while it was checked".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
