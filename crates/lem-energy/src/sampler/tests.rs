//! The sampler against sensors that count, lag, fail and panic.

mod rounds;

use super::*;
use crate::source::Reading;
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{Gain, SensorDescriptor, SensorKind, Stamp};
use lem_domain::{Boundary, DeviceId, HostClock, Timestamp};
use std::sync::atomic::{AtomicU32, Ordering};

/// Shows in every slot how often it was read, where `answers` says of that number and the slot's position that it does.
struct Counting<F> {
    descriptors: Vec<SensorDescriptor>,
    reads: Arc<AtomicU32>,
    answers: F,
}

impl<F: FnMut(u32, usize) -> bool + Send> Reader for Counting<F> {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn read(&mut self, _now: Timestamp, slots: &mut [Option<Reading>]) {
        let reads = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        for (position, slot) in slots.iter_mut().enumerate() {
            if (self.answers)(reads, position) {
                *slot = Some(Reading { value: f64::from(reads), at: None });
            }
        }
    }
}

/// A reader of so many continuous counters.
fn reader(interval: Duration, n_sensors: usize, answers: impl FnMut(u32, usize) -> bool + Send + 'static) -> Box<dyn Reader> {
    counting(vec![counter(interval, Duration::ZERO); n_sensors], answers).0
}

fn counting(
    descriptors: Vec<SensorDescriptor>,
    answers: impl FnMut(u32, usize) -> bool + Send + 'static,
) -> (Box<dyn Reader>, Arc<AtomicU32>) {
    let reads = Arc::new(AtomicU32::new(0));
    (Box::new(Counting { descriptors, reads: Arc::clone(&reads), answers }), reads)
}

fn counter(interval: Duration, update_period: Duration) -> SensorDescriptor {
    SensorDescriptor {
        name: "reads".to_owned(),
        device: DeviceId::new("counting"),
        device_name: "counting".to_owned(),
        kind: SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER }),
        boundary: Boundary::GpuBoard,
        update_period,
        stamp: Stamp::Read,
        interval,
        resolution: 1.0,
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: "number of reads".to_owned(),
    }
}

fn start(readers: Vec<Box<dyn Reader>>) -> Box<ThreadedSession> {
    Box::new(ThreadedSession::start(readers, Vec::new(), Arc::new(HostClock), None).expect("starts"))
}

/// A session over one sensor, and its number of reads.
fn session(interval: Duration, mut answers: impl FnMut(u32) -> bool + Send + 'static) -> (Box<ThreadedSession>, Arc<AtomicU32>) {
    let (reader, reads) = counting(vec![counter(interval, Duration::ZERO)], move |reads, _| answers(reads));
    (start(vec![reader]), reads)
}

/// Values of one sensor.
fn values(record: &SensorRecord, sensor: usize) -> Vec<f64> {
    record.samples.iter().filter(|sample| usize::from(sample.sensor.0) == sensor).map(|sample| sample.value).collect()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn sleep(duration: u64) {
    HostClock.sleep_until(HostClock.now().after(millis(duration)));
}

#[test]
fn every_deadline_is_kept_or_counted_as_missed() {
    let before = HostClock.now();
    let (session, _) = session(millis(5), |_| true);
    sleep(300);
    let record = session.stop().expect("alive");
    let due = HostClock.now().since(before).get() / 0.005;
    let ticks = u32::try_from(record.cost.ticks).map(f64::from).expect("few");
    // On a busy machine the last wake-up is late, and what was due since is not yet counted.
    assert!(ticks <= due + 1.0 && ticks >= 0.4 * due, "{ticks} ticks of {due}");
    let kept = record.cost.ticks - record.cost.missed_ticks;
    assert_eq!(record.samples.len() as u64, kept + 1, "one more at the stop");
    assert!(record.cost.cpu_time.is_some_and(|time| time < millis(300)));
    assert!(record.cost.read_p50 <= record.cost.read_p99 && record.cost.read_p99.is_some());
}

#[test]
fn a_fast_reader_does_not_hurry_a_slow_one() {
    let before = HostClock.now();
    let readers = vec![reader(millis(10), 1, |_, _| true), reader(millis(200), 1, |_, _| true)];
    let session = start(readers);
    sleep(500);
    let record = session.stop().expect("alive");
    let elapsed = HostClock.now().since(before).get();
    let n_samples = |sensor| u32::try_from(values(&record, sensor).len()).map(f64::from).expect("few");
    // Each at the start, at its own deadlines and at the stop; late wake-ups may only leave some out.
    assert!(n_samples(1) <= elapsed / 0.2 + 2.0 && n_samples(1) >= 3.0, "{} in {elapsed} s", n_samples(1));
    assert!(n_samples(0) <= elapsed / 0.01 + 2.0 && n_samples(0) >= 4.0 * n_samples(1), "{} in {elapsed} s", n_samples(0));
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
    let (session, _) = session(millis(5), |_| {
        sleep(21);
        true
    });
    sleep(200);
    let record = session.stop().expect("alive");
    let kept = record.cost.ticks - record.cost.missed_ticks;
    // Each kept tick passes four deadlines.
    assert!(kept >= 3 && record.cost.missed_ticks >= 4 * (kept - 1), "{:?}", record.cost);
    assert!(record.cost.read_p50.is_some_and(|median| median >= millis(21)));
    assert!(record.samples.iter().all(|sample| sample.read_nanos >= 21_000_000));
}

#[test]
fn the_margin_is_that_of_the_slowest_sensor() {
    let sensors = |period| counting(vec![counter(Duration::from_secs(3_600), millis(period))], |_, _| true).0;
    let session = start(vec![sensors(20), sensors(100), sensors(1)]);
    assert_eq!(session.margin(), millis(600), "six updates");
}

#[test]
fn what_is_drained_and_what_is_left_are_all_samples_once() {
    let (mut session, reads) = session(millis(2), |_| true);
    let mut record = SensorRecord::default();
    let mut seen = Vec::new();
    for _ in 0..4 {
        sleep(20);
        session.drain(&mut record);
        assert_eq!(record.sensors.len(), 1);
        assert!(record.cost.ticks >= seen.len() as u64, "{:?}", record.cost);
        seen.extend(values(&record, 0));
    }
    seen.extend(values(&session.stop().expect("alive"), 0));
    let expected: Vec<f64> = (1..=reads.load(Ordering::SeqCst)).map(f64::from).collect();
    assert_eq!(seen, expected);
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
    let (session, reads) = session(millis(1), |_| true);
    drop(session);
    // The reader is owned by what the thread shares; only this test's handle is left.
    assert_eq!(Arc::strong_count(&reads), 1);
}

#[test]
fn a_sampler_that_died_keeps_what_it_had_and_says_so() {
    let (session, reads) = session(millis(1), |reads| {
        assert!(reads < 2, "this panic is part of the test");
        true
    });
    while reads.load(Ordering::SeqCst) < 2 {
        sleep(1);
    }
    let record = session.stop().expect("the samples are still there");
    assert_eq!(values(&record, 0), [1.0]);
    assert!(record.sources.iter().any(|verdict| verdict.source == "sampler" && matches!(verdict.status, SourceStatus::Broken(_))));
}
