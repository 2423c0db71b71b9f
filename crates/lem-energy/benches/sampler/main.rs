//! What sampling costs: processor time of the sampler's thread over eight boards and a socket, beside a thread that does
//! nothing but wake as often. `cargo xtask bench sampler` runs it.
//!
//! The two take turns, so that both meet the machine in the same state: what a wake-up costs is the machine's, and on a
//! virtual one it can be most of the whole.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../../tests/fake_nvml/mod.rs"]
mod fake_nvml;
mod figures;
mod reads;
mod thread_time;

use fake_nvml::FakeNvml;
use figures::{Spread, processor_table};
use lem_domain::backend::Backend;
use lem_domain::protocol::EnergyBackend;
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec};
use lem_domain::units::Watts;
use lem_domain::world::Waveform;
use lem_domain::{Clock, HostClock};
use lem_energy::virtual_hardware::{PowercapTree, Zone};
use lem_energy::{Machine, SamplerKind, Surroundings};
use std::sync::Arc;
use std::time::Duration;
use thread_time::{ProbedClock, Share, wake};

/// Time between two reads of each board and of the socket, and between two wake-ups of the bare loop.
const INTERVAL: Duration = Duration::from_millis(50);

/// What the project holds itself to, in per cent of a core.
const GOAL_PERCENT: f64 = 0.1;

fn main() {
    // Cargo adds `--bench`.
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (pairs, seconds) = (numbers.first().copied().unwrap_or(8), numbers.get(1).copied().unwrap_or(10));
    let length = Duration::from_secs(seconds);

    // First, because the loader would take the fake library for the real one once it is there.
    let real = record(&*open(EnergyChoice::Auto, Machine::this(), Arc::new(HostClock)), length);

    let clock = Arc::new(ProbedClock::default());
    let virtual_machine = VirtualMachine::start();
    let backend = open(EnergyChoice::Only(vec![EnergySource::Nvml, EnergySource::Rapl]), virtual_machine.machine(), clock.clone());
    // The files stay; what makes them grow would share the processor with what is measured.
    let virtual_machine = virtual_machine.pause();
    let (mut bare, mut sampler) = (Vec::new(), Vec::new());
    let mut records = Vec::new();
    for pair in 0..pairs {
        let mut sample = || {
            let (share, record) = sample(&*backend, &clock, length);
            sampler.push(share);
            records.push(record);
        };
        // A load of the machine that grows or falls meets both alike.
        if pair % 2 == 0 {
            bare.push(wake(INTERVAL, length));
            sample();
        } else {
            sample();
            bare.push(wake(INTERVAL, length));
        }
    }
    drop(virtual_machine);

    println!("Processor time in % of one core, {pairs} runs of {seconds} s each, taking turns (mean ± standard error):\n");
    println!("{}", processor_table(&bare, &sampler, &records));
    println!("Goal, at most {GOAL_PERCENT} % by getrusage(RUSAGE_THREAD):\n");
    for (what, percent) in [
        ("the whole thread", Spread::of(sampler.iter().map(|share| share.rusage))),
        ("what sampling adds to the wake-ups", Spread::of(sampler.iter().zip(&bare).map(|(sampler, bare)| sampler.rusage - bare.rusage))),
    ] {
        let verdict = if percent.mean <= GOAL_PERCENT { "met" } else { "not met" };
        println!("- {what}: {percent} %, {verdict}");
    }
    println!("\nOne round of reads, within the runs:\n");
    println!("{}", reads::table(&records));
    println!("One round of reads of what this machine really has:\n");
    println!("{}", reads::table(&[real]));
}

/// Eight boards whose library costs next to nothing, and a socket made of files.
struct VirtualMachine {
    nvml: FakeNvml,
    folder: tempfile::TempDir,
    socket: PowercapTree,
}

impl VirtualMachine {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let zone = |folder: &str, name: &str| Zone::new(folder, name, Waveform::Flat(Watts::new(100.0)));
        let zones = vec![zone("intel-rapl:0", "package-0"), zone("intel-rapl:0:0", "dram")];
        let socket = PowercapTree::grow(&folder.path().join("sys/class/powercap"), zones, HostClock.now()).expect("written");
        Self { nvml: FakeNvml::with(&[("GPUS", "8")]), folder, socket }
    }

    fn machine(&self) -> Machine {
        Machine { nvml_library: Some(self.nvml.library()), ..Machine::below(self.folder.path()) }
    }

    fn pause(mut self) -> Self {
        self.socket.pause();
        self
    }
}

fn open(sources: EnergyChoice, machine: Machine, clock: Arc<dyn Clock>) -> Box<dyn EnergyBackend> {
    let spec = EnergySpec::of(sources);
    let surroundings = Surroundings {
        backend: Backend::Candle,
        clock,
        sampler: SamplerKind::Threaded,
        world: None,
        machine,
        profiles: Vec::new(),
        engine_threads: None,
    };
    lem_energy::open(&spec, surroundings).expect("opens").backend
}

/// What the sampler's thread spent in the middle of a session, when its start is over.
fn sample(backend: &dyn EnergyBackend, clock: &ProbedClock, length: Duration) -> (Share, SensorRecord) {
    let session = backend.start().expect("starts");
    sleep(Duration::from_millis(500));
    let before = clock.probe();
    sleep(length);
    let share = Share::between(before, clock.probe());
    (share, session.stop().expect("alive"))
}

fn record(backend: &dyn EnergyBackend, length: Duration) -> SensorRecord {
    let session = backend.start().expect("starts");
    sleep(length);
    session.stop().expect("alive")
}

fn sleep(duration: Duration) {
    HostClock.sleep_until(HostClock.now().after(duration));
}
