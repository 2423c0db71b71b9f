//! The sampler against sensors that count, lag, fail and panic.

use super::*;
use crate::simulated::VirtualBoard;
use crate::source::{Reading, Source as _};
use lem_domain::HostClock;
use lem_domain::sensor::SensorDescriptor;
use lem_domain::spec::EnergyLaw;
use lem_domain::units::{Joules, Watts};
use lem_domain::world::World;
use std::sync::atomic::{AtomicU32, Ordering};

/// Shows how often it was read, after doing `on_read` with that number.
struct Counting<F> {
    descriptor: SensorDescriptor,
    reads: Arc<AtomicU32>,
    on_read: F,
}

impl<F: FnMut(u32) -> bool + Send> Sensor for Counting<F> {
    fn descriptor(&self) -> &SensorDescriptor {
        &self.descriptor
    }

    fn read(&mut self, _now: Timestamp) -> Option<Reading> {
        let reads = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        (self.on_read)(reads).then(|| Reading { value: f64::from(reads), at: None })
    }
}

/// A session over one sensor, and its number of reads. `on_read` says whether the sensor answers.
fn session(interval: Duration, on_read: impl FnMut(u32) -> bool + Send + 'static) -> (Box<ThreadedSession>, Arc<AtomicU32>) {
    let nothing = Joules::new(0.0);
    let law = EnergyLaw { static_power: Watts::new(1.0), prefill_token: nothing, output_token: nothing, context_token: nothing };
    let board = VirtualBoard::new(Arc::new(World::new(law))).sensors().expect("always there");
    let reads = Arc::new(AtomicU32::new(0));
    let sensor = Counting { descriptor: board[0].descriptor().clone(), reads: Arc::clone(&reads), on_read };
    let session = ThreadedSession::start(vec![Box::new(sensor)], Vec::new(), Arc::new(HostClock), interval).expect("starts");
    (Box::new(session), reads)
}

fn sleep(millis: u64) {
    HostClock.sleep_until(HostClock.now().after(Duration::from_millis(millis)));
}

#[test]
fn every_deadline_is_kept_or_counted_as_missed() {
    let before = HostClock.now();
    let (session, _) = session(Duration::from_millis(5), |_| true);
    sleep(300);
    let record = session.stop().expect("alive");
    let due = HostClock.now().since(before).get() / 0.005;
    let ticks = u32::try_from(record.cost.ticks).map(f64::from).expect("few");
    // On a busy machine the last wake-up is late, and what was due since is not yet counted.
    assert!(ticks <= due + 1.0 && ticks >= 0.4 * due, "{ticks} ticks of {due}");
    let kept = record.cost.ticks - record.cost.missed_ticks;
    assert_eq!(record.samples.len() as u64, kept + 1, "one more at the stop");
    assert!(record.cost.cpu_time.is_some_and(|time| time < Duration::from_millis(300)));
    assert!(record.cost.read_p50 <= record.cost.read_p99 && record.cost.read_p99.is_some());
}

#[test]
fn both_edges_and_both_ends_are_read_however_long_the_interval() {
    let (mut session, reads) = session(Duration::from_secs(3_600), |_| true);
    assert_eq!(reads.load(Ordering::SeqCst), 1, "before start returns");
    let mut edges = Vec::new();
    for _ in 0..2 {
        let before = HostClock.now();
        session.read_edge();
        edges.push((before, HostClock.now()));
    }
    let record = session.stop().expect("alive");
    assert_eq!(record.samples.len(), 4);
    for (sample, (before, after)) in record.samples[1..3].iter().zip(edges) {
        assert!(before <= sample.at && sample.at <= after);
    }
}

#[test]
fn a_sensor_slower_than_the_interval_skips_ticks_and_does_not_fall_behind() {
    let (session, _) = session(Duration::from_millis(5), |_| {
        sleep(21);
        true
    });
    sleep(200);
    let record = session.stop().expect("alive");
    let kept = record.cost.ticks - record.cost.missed_ticks;
    // The tick before start returned is not late; each other one passes four deadlines.
    assert!(kept >= 3 && record.cost.missed_ticks >= 4 * (kept - 1), "{:?}", record.cost);
    assert!(record.cost.read_p50.is_some_and(|median| median >= Duration::from_millis(21)));
    assert!(record.samples.iter().all(|sample| sample.read_nanos >= 21_000_000));
}

#[test]
fn stopping_waits_for_no_deadline() {
    let (session, _) = session(Duration::from_secs(3_600), |_| true);
    let before = HostClock.now();
    session.stop().expect("alive");
    assert!(HostClock.now().since(before).get() < 5.0);
}

#[test]
fn a_dropped_session_ends_its_thread() {
    let (session, reads) = session(Duration::from_millis(1), |_| true);
    drop(session);
    // The sensor is owned by what the thread shares; only this test's handle is left.
    assert_eq!(Arc::strong_count(&reads), 1);
}

#[test]
fn a_sensor_without_an_answer_leaves_a_hole_and_no_zero() {
    let (mut session, _) = session(Duration::from_secs(3_600), |reads| reads != 2);
    session.read_edge();
    let record = session.stop().expect("alive");
    let values: Vec<f64> = record.samples.iter().map(|sample| sample.value).collect();
    assert_eq!(values, [1.0, 3.0]);
}

#[test]
fn a_sampler_that_died_keeps_what_it_had_and_says_so() {
    let (session, reads) = session(Duration::from_millis(1), |reads| {
        assert!(reads < 2, "this panic is part of the test");
        true
    });
    while reads.load(Ordering::SeqCst) < 2 {
        sleep(1);
    }
    let record = session.stop().expect("the samples are still there");
    assert_eq!(record.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1.0]);
    assert!(record.sources.iter().any(|verdict| verdict.source == "sampler" && matches!(verdict.status, SourceStatus::Broken(_))));
}
