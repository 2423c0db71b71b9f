//! Sampling inside the measured window allocates nothing. One test alone in its process: the count is global.

#![expect(unsafe_code, reason = "a global allocator that counts is the only way to see allocations of another thread")]

use lem_domain::backend::Backend;
use lem_domain::spec::{EnergyChoice, EnergyLaw, EnergySpec, RequiredGrade};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::World;
use lem_domain::{Clock, HostClock};
use lem_energy::SamplerKind;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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

#[test]
fn a_hundred_ticks_and_both_edges_allocate_nothing() {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(50.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
    for source in [EnergyChoice::Estimate, EnergyChoice::Virtual] {
        let spec = EnergySpec { source, interval: Duration::from_millis(1), cpu_power: None, required: RequiredGrade::Any };
        let world = Some(Arc::new(World::new(law)));
        let opened = lem_energy::open(&spec, Backend::Virtual, Arc::new(HostClock), SamplerKind::Threaded, world).expect("opens");
        let mut session = opened.backend.start().expect("starts");
        // The thread's own start is not part of the window.
        sleep(50);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        session.read_edge();
        sleep(500);
        session.read_edge();
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let record = session.stop().expect("alive");
        let kept = record.cost.ticks - record.cost.missed_ticks;
        assert!(kept >= 100, "only {kept} ticks of {source:?} tell nothing");
        assert_eq!(allocations, 0, "{source:?} over {kept} ticks");
    }
}
