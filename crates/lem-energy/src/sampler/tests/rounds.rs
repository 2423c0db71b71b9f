//! Rounds of reads at exact instants: several readers, each with its own schedule and its own holes.

use super::*;
use lem_domain::sensor::{Gauge, SensorSample};
use proptest::prelude::*;

const ORIGIN: Timestamp = Timestamp::from_nanos(7);

/// What readers said when every deadline up to `length` after the start was kept to the nanosecond.
fn record(readers: Vec<Box<dyn Reader>>, length: Duration) -> SensorRecord {
    let mut recorder = Recorder::new(readers, ORIGIN);
    while let Some(deadline) = recorder.next_deadline().filter(|deadline| *deadline <= ORIGIN.after(length)) {
        recorder.tick_at(deadline);
    }
    let recorded = recorder.take();
    SensorRecord { sensors: recorded.sensors, samples: recorded.samples, sources: Vec::new(), cost: recorded.cost }
}

/// Milliseconds after the start at which a sensor was read.
fn read_at(record: &SensorRecord, sensor: usize) -> Vec<f64> {
    let of_sensor = record.samples.iter().filter(|sample: &&SensorSample| usize::from(sample.sensor.0) == sensor);
    of_sensor.map(|sample| sample.at.since(ORIGIN).get() * 1e3).collect()
}

#[test]
fn each_reader_keeps_its_own_interval() {
    let readers = vec![reader(millis(10), 2, |_, _| true), reader(millis(200), 1, |_, _| true), reader(millis(70), 1, |_, _| true)];
    let record = record(readers, millis(1_000));
    let n_samples: Vec<_> = (0..4).map(|sensor| values(&record, sensor).len()).collect();
    assert_eq!(n_samples, [101, 101, 6, 15]);
    for (sensor, interval_ms) in [(0, 10.0), (1, 10.0), (2, 200.0), (3, 70.0)] {
        let gaps = read_at(&record, sensor).windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
        assert!(gaps.iter().all(|gap| (gap - interval_ms).abs() < 1e-6), "sensor {sensor}: {gaps:?}");
    }
    assert_eq!((record.cost.ticks, record.cost.missed_ticks), (101 + 6 + 15, 0), "a tick is one reader's");
    assert_eq!(record.sensors.len(), 4, "in the order of the readers");
}

/// A reader of one counter that bears only so long a gap.
struct Impatient {
    descriptors: [SensorDescriptor; 1],
    longest_gap: Duration,
}

impl Reader for Impatient {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn longest_gap(&self) -> Duration {
        self.longest_gap
    }

    fn read(&mut self, _now: Timestamp, slots: &mut [Option<Reading>]) {
        slots[0] = Some(Reading { value: 1.0, at: None });
    }
}

fn impatient(interval: Duration, update_period: Duration, longest_gap: Duration) -> Box<dyn Reader> {
    Box::new(Impatient { descriptors: [counter(interval, update_period)], longest_gap })
}

/// Reads at half the update period and gets no stamp: it looks for the instants of the updates.
fn walking(interval: Duration) -> Box<dyn Reader> {
    counting(vec![counter(interval, interval * 2)], |_, _| true).0
}

fn gaps(read_at: &[f64]) -> Vec<f64> {
    read_at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn a_walking_reader_keeps_its_mean_rate_and_takes_a_steady_one_along() {
    let record = record(vec![walking(millis(50)), reader(millis(50), 1, |_, _| true)], Duration::from_secs(10));
    let walked = read_at(&record, 0);
    assert!(walked.len().abs_diff(200) <= 1, "{} reads in 200 intervals", walked.len());
    // 0.618 or 1.618 intervals, and never the interval itself.
    let gaps = gaps(&walked);
    assert!(gaps.iter().all(|gap| (gap - 30.9).abs() < 0.1 || (gap - 80.9).abs() < 0.1), "{gaps:?}");
    assert_eq!(read_at(&record, 1), walked, "one wake-up for both");
}

#[test]
fn what_bears_no_longer_gap_is_not_taken_along() {
    let check = |walks: u64, asks: u64, bears: u32, together: bool| {
        let period = millis(1);
        let record = record(vec![walking(millis(walks)), impatient(millis(asks), period, millis(bears.into()))], Duration::from_secs(20));
        let (walked, other) = (read_at(&record, 0), read_at(&record, 1));
        assert_eq!(walked == other, together, "{walks} and {asks} ms within {bears} ms");
        let longest = gaps(&other).into_iter().fold(0.0, f64::max);
        assert!(longest <= f64::from(bears) + 1e-6, "{longest} ms between two reads of {asks} within {bears} ms");
        let interval = millis(if together { walks } else { asks });
        assert_eq!(record.sensors[1].interval, interval, "told as it was");
    };
    // RAPL beside a board: at least ten times a second.
    check(50, 50, 100, true);
    check(49, 50, 100, true);
    check(100, 100, 100, false);
    check(62, 50, 100, false);
    check(50, 20, 20, false);
    // A rate that is not its own.
    check(50, 90, 100, false);
}

#[test]
fn a_reader_whose_walk_would_leave_too_long_a_gap_does_not_walk() {
    let record = record(vec![impatient(millis(50), millis(100), millis(60))], Duration::from_secs(5));
    assert!(gaps(&read_at(&record, 0)).iter().all(|gap| (gap - 50.0).abs() < 1e-6));
}

proptest! {
    #[test]
    fn no_two_reads_are_further_apart_than_a_reader_bears(
        walkers in prop::collection::vec(5u64..200, 0..4),
        others in prop::collection::vec((5u64..200, 1u64..300, 0u32..200), 1..4),
    ) {
        let readers = walkers.iter().map(|&interval| walking(millis(interval)));
        let bound = |asks: u64, more: u32| asks + u64::from(more);
        let others_of = || others.iter().map(|&(asks, period, more)| (asks, period, bound(asks, more)));
        let impatient = others_of().map(|(asks, period, bears)| impatient(millis(asks), millis(period), millis(bears)));
        let record = record(readers.chain(impatient).collect(), Duration::from_secs(20));
        for (position, (asks, _, bears)) in others_of().enumerate() {
            let longest = gaps(&read_at(&record, walkers.len() + position)).into_iter().fold(0.0, f64::max);
            prop_assert!(longest <= millis(bears).as_secs_f64() * 1e3 + 1e-6, "{longest} ms, asked {asks}, bears {bears}");
        }
    }
}

#[test]
fn walkers_of_about_one_interval_walk_as_one_at_the_rate_of_the_fastest() {
    let record = record(vec![walking(millis(51)), walking(millis(49)), walking(millis(100))], Duration::from_secs(20));
    assert_eq!(read_at(&record, 0), read_at(&record, 1));
    assert_eq!(record.sensors.iter().map(|sensor| sensor.interval).collect::<Vec<_>>(), [millis(49), millis(49), millis(100)]);
}

#[test]
fn gauges_wait_for_a_wake_up_that_comes_anyway() {
    let gauge = SensorDescriptor { kind: SensorKind::Gauge(Gauge::Temperature), ..counter(millis(1_000), Duration::ZERO) };
    let gauge = || counting(vec![gauge.clone()], |_, _| true).0;
    let beside = record(vec![gauge(), walking(millis(50))], Duration::from_secs(10));
    let (seldom, often) = (read_at(&beside, 0), read_at(&beside, 1));
    assert_eq!(seldom.len(), 10, "once a second: {seldom:?}");
    assert!(seldom.iter().all(|at| often.contains(at)), "{seldom:?}");
    assert_eq!(beside.cost.missed_ticks, 0);
    // Alone they have their own deadlines.
    assert_eq!(read_at(&record(vec![gauge()], Duration::from_secs(2)), 0), [0.0, 1_000.0, 2_000.0]);
}

#[test]
fn a_reader_without_sensors_is_never_due() {
    let record = record(vec![reader(millis(1), 0, |_, _| true), reader(millis(500), 1, |_, _| true)], millis(1_000));
    assert_eq!((values(&record, 0), record.cost.ticks), (vec![1.0, 2.0, 3.0], 3));
    assert_eq!(Recorder::new(vec![reader(millis(1), 0, |_, _| true)], ORIGIN).next_deadline(), None);
}

#[test]
fn a_sensor_without_an_answer_leaves_a_hole_and_no_zero() {
    let record = record(vec![reader(millis(500), 1, |reads, _| reads != 2)], millis(1_000));
    assert_eq!(values(&record, 0), [1.0, 3.0]);
}

#[test]
fn the_hole_of_one_sensor_stops_no_other() {
    let silent = reader(millis(100), 1, |_, _| false);
    // Of two sensors of one reader the second goes for good after its third read.
    let half = reader(millis(100), 2, |reads, position| position == 0 || reads <= 3);
    let record = record(vec![silent, half, reader(millis(100), 1, |_, _| true)], millis(500));
    let counted = |last: u32| (1..=last).map(f64::from).collect::<Vec<_>>();
    let seen: Vec<_> = (0..4).map(|sensor| values(&record, sensor)).collect();
    assert_eq!(seen, [vec![], counted(6), counted(3), counted(6)]);
    assert_eq!(record.cost.missed_ticks, 0, "it was read, and on time");
}
