//! Sampling inside the measured window allocates nothing. One test alone in its process: the count is global.

#![expect(unsafe_code, reason = "a global allocator that counts is the only way to see allocations of another thread")]

mod fake_nvml;
mod ticking_tree;

use fake_nvml::FakeNvml;
use lem_domain::backend::Backend;
use lem_domain::sensor::SensorRecord;
use lem_domain::spec::{EnergyChoice, EnergyLaw, EnergySource, EnergySpec};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::World;
use lem_domain::{Clock, HostClock};
use lem_energy::{Machine, SamplerKind, Surroundings};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use ticking_tree::TickingTree;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn sleep(millis: u64) {
    HostClock.sleep_until(HostClock.now().after(Duration::from_millis(millis)));
}

fn check(source: EnergySource, machine: Machine) {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(50.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
    let spec = EnergySpec { interval: Some(Duration::from_millis(1)), ..EnergySpec::of(EnergyChoice::Only(vec![source])) };
    let surroundings = Surroundings {
        backend: Backend::Virtual,
        clock: Arc::new(HostClock),
        sampler: SamplerKind::Threaded,
        world: Some(Arc::new(World::new(law))),
        machine,
        profiles: Vec::new(),
        engine_threads: None,
    };
    let opened = lem_energy::open(&spec, surroundings).expect("opens");
    let mut session = opened.backend.start().expect("starts");
    // The thread's own start is not part of the window, and neither is the buffer that goes back and forth.
    sleep(50);
    let mut record = SensorRecord::default();
    session.drain(&mut record);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    session.read_edge();
    sleep(WINDOW_MILLIS / 2);
    session.drain(&mut record);
    sleep(WINDOW_MILLIS / 2);
    session.read_edge();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    let record = session.stop().expect("alive");
    let kept = record.cost.ticks - record.cost.missed_ticks;
    assert!(kept >= 100, "only {kept} ticks of {source} tell nothing");
    assert_eq!(allocations, 0, "{source} over {kept} ticks");
}

/// Gauges are read once a second: the window holds one such read that no edge forced.
const WINDOW_MILLIS: u64 = 1_200;

#[test]
fn a_hundred_ticks_both_edges_and_a_drain_allocate_nothing() {
    check(EnergySource::Estimate, Machine::this());
    check(EnergySource::Virtual, Machine::this());
    let fake = FakeNvml::with(&[("GPUS", "2"), ("FAULTS", "1:no-counter")]);
    check(EnergySource::Nvml, Machine { nvml_library: Some(fake.library()), visible_devices: None, ..Machine::this() });
    let tree = TickingTree::start();
    for source in [EnergySource::Rapl, EnergySource::Amd, EnergySource::Hwmon] {
        check(source, tree.machine());
    }
}
