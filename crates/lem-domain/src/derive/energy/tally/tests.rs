//! A window that was read in pieces says what it says as a whole, and what is kept of it does not grow.

use super::*;
use crate::counter::CounterRange;
use crate::derive::fixture::{NEVER_WRAPS, sensor};
use crate::finding::FindingCode;
use crate::quantity::Boundary;
use crate::sensor::{SensorIndex, ThreadPower};
use crate::units::{Joules, Watts};

const OPENED_MS: u64 = 5_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos(millis * 1_000_000)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1e3
}

/// Joules up to an instant of a wave that is at 300 W for 1.3 s and then at 80 W for 0.9 s.
fn truth_j(millis: u64) -> f64 {
    let (cycles, rest) = (millis / 2_200, millis % 2_200);
    300.0 * seconds(cycles * 1_300 + rest.min(1_300)) + 80.0 * seconds(cycles * 900 + rest.saturating_sub(1_300))
}

fn kind(kind: SensorKind, period_ms: u64) -> SensorDescriptor {
    let update_period = Duration::from_millis(period_ms);
    SensorDescriptor { update_period, resolution: 0.001, ..sensor("s", "gpu", kind, Boundary::GpuBoard) }
}

/// Reads about every 50 ms, now earlier and now later, for `length_ms`.
fn samples(length_ms: u64, value: impl Fn(u64) -> f64) -> Vec<SensorSample> {
    let reads = (0..length_ms / 50).map(|read| read * 50 + (read * 31) % 50);
    reads.map(|millis| SensorSample { sensor: SensorIndex(0), at: at(millis), value: value(millis), read_nanos: 20_000 }).collect()
}

/// What the window up to `end_ms` says as a whole, and in pieces of 10 s; and how many samples were kept at most.
fn read_twice(descriptor: &SensorDescriptor, samples: &[SensorSample], end_ms: u64) -> (Read, Read, usize) {
    let points: Vec<_> = samples.iter().map(|sample| (sample.at, sample.value, sample.read_nanos)).collect();
    let whole = SensorReader::new(descriptor, &points).whole(TimeWindow { start: at(OPENED_MS), end: at(end_ms) });
    let mut tally = SensorTally::new(descriptor.clone(), at(OPENED_MS));
    let (mut drained_ms, mut most_kept) = (0, 0);
    while drained_ms < end_ms {
        let next_ms = drained_ms + 10_000;
        let piece = samples.iter().filter(|sample| at(drained_ms) <= sample.at && sample.at < at(next_ms));
        piece.for_each(|sample| tally.take(sample));
        tally.settle(at(next_ms.min(end_ms)));
        most_kept = most_kept.max(tally.kept.len());
        drained_ms = next_ms;
    }
    samples.iter().filter(|sample| sample.at >= at(drained_ms)).for_each(|sample| tally.take(sample));
    (whole, tally.read(at(end_ms)), most_kept)
}

fn check_same(what: &str, descriptor: &SensorDescriptor, samples: &[SensorSample], end_ms: u64) -> Read {
    let (whole, pieces, most_kept) = read_twice(descriptor, samples, end_ms);
    assert_eq!(pieces.problem, whole.problem, "{what}");
    assert_eq!(pieces.energy.validity(), whole.energy.validity(), "{what}");
    assert_eq!(pieces.energy.value().is_some(), whole.energy.value().is_some(), "{what}");
    if let (Some(a), Some(b)) = (pieces.energy.value(), whole.energy.value()) {
        assert!((a - b).get().abs() <= 1e-9 * b.get(), "{what}: {} J in pieces, {} J as a whole", a.get(), b.get());
        let (a, b) = (pieces.energy.uncertainty().expect("stated"), whole.energy.uncertainty().expect("stated"));
        // Where a cut falls between two samples of a power, what a step leaves open there is stated for both halves apart.
        let tolerance = if matches!(descriptor.kind, SensorKind::Power(_)) { 0.02 } else { 1e-6 };
        assert!((a.random - b.random).abs() <= tolerance * b.random, "{what}: ±{} J in pieces, ±{} J as a whole", a.random, b.random);
        assert!((a.systematic - b.systematic).abs() <= 1e-9 * b.systematic, "{what}");
    }
    // A stretch, what reaches into it from both sides, and what came in since: at 20 Hz far below two minutes of samples.
    assert!(most_kept <= 2_400, "{what}: {most_kept} samples kept");
    pieces
}

fn counter(wraps_at: Option<f64>) -> SensorKind {
    SensorKind::EnergyCounter(CounterRange { wraps_at: wraps_at.map(Joules::new), ..NEVER_WRAPS })
}

#[test]
fn every_kind_of_sensor_says_in_pieces_what_it_says_as_a_whole() {
    let ticking = |millis: u64| (truth_j((millis + 37) / 100 * 100) * 1e3).floor() / 1e3;
    let power = |millis: u64| (truth_j(millis + 1) - truth_j(millis)) * 1e3;
    let averaged = |millis: u64| truth_j(millis) - truth_j(millis.saturating_sub(1_000));
    let model = ThreadPower { threads: 4, idle: Watts::new(1.0), max: Watts::new(3.0) };
    let second = Duration::from_secs(1);
    for (length_ms, end_ms) in [(20_000, 12_345), (200_000, 190_003), (1_000_000, 900_017)] {
        check_same("ticking", &kind(counter(None), 100), &samples(length_ms, ticking), end_ms);
        check_same("continuous", &kind(counter(None), 0), &samples(length_ms, truth_j), end_ms);
        check_same("wrapping", &kind(counter(Some(1_000.0)), 1), &samples(length_ms, |millis| truth_j(millis) % 1_000.0), end_ms);
        check_same("power", &kind(SensorKind::Power(PowerMeaning::Instant), 0), &samples(length_ms, power), end_ms);
        check_same("mean", &kind(SensorKind::Power(PowerMeaning::Averaged(second)), 100), &samples(length_ms, averaged), end_ms);
        check_same("busy", &kind(SensorKind::BusyTime(model), 10), &samples(length_ms, |millis| 1.7 * seconds(millis)), end_ms);
    }
}

#[test]
fn the_energy_in_pieces_is_the_true_one() {
    let ticking = |millis: u64| truth_j((millis + 37) / 100 * 100);
    let read = check_same("ticking", &kind(counter(None), 100), &samples(1_000_000, ticking), 900_017);
    let (energy, truth) = (read.energy.value().expect("bracketed").get(), truth_j(900_017) - truth_j(OPENED_MS));
    let random = read.energy.uncertainty().expect("stated").random;
    // The counter shows what it had counted up to 63 ms later, at both edges alike.
    assert!((energy - truth).abs() < 300.0 * 0.1 && random < 0.01 * truth, "{energy} ± {random} J against {truth} J");
}

#[test]
fn what_goes_wrong_in_a_piece_is_said_of_the_whole() {
    let descriptor = kind(counter(None), 100);
    let ticking = |millis: u64| truth_j(millis / 100 * 100);
    let whole = samples(400_000, ticking);
    let reset: Vec<_> = samples(400_000, |millis| if millis > 200_000 { ticking(millis - 200_000) } else { ticking(millis) });
    assert_eq!(check_same("reset", &descriptor, &reset, 390_000).problem, Some(FindingCode::CounterReset));
    let stuck = samples(400_000, |millis| ticking(millis.min(200_000)));
    let (as_whole, in_pieces, _) = read_twice(&descriptor, &stuck, 390_000);
    assert_eq!((as_whole.problem, in_pieces.problem), (Some(FindingCode::SensorStuck), Some(FindingCode::SensorStuck)));
    assert_eq!(in_pieces.energy.value(), None);
    let lost: Vec<_> = whole.iter().copied().filter(|sample| sample.at < at(200_000)).collect();
    assert_eq!(check_same("lost", &descriptor, &lost, 390_000).problem, Some(FindingCode::SensorLost));
    let late: Vec<_> = whole.iter().copied().filter(|sample| sample.at > at(6_000)).collect();
    assert_eq!(check_same("late", &descriptor, &late, 390_000).problem, Some(FindingCode::SensorLost));
    check_same("silent", &descriptor, &[], 390_000);
    check_same("short", &kind(SensorKind::Power(PowerMeaning::Instant), 100), &whole, OPENED_MS + 40);
}

#[test]
fn a_hole_across_a_cut_limits_a_power_and_not_a_counter() {
    let holed = |value: fn(u64) -> f64| -> Vec<SensorSample> {
        samples(400_000, value).into_iter().filter(|sample| !(at(60_000)..at(130_000)).contains(&sample.at)).collect()
    };
    let power = kind(SensorKind::Power(PowerMeaning::Instant), 0);
    assert_eq!(check_same("power", &power, &holed(|_| 200.0), 390_000).problem, Some(FindingCode::SensorLost));
    let counter = kind(counter(None), 0);
    assert_eq!(check_same("counter", &counter, &holed(truth_j), 390_000).problem, None);
}

#[test]
fn three_days_keep_no_more_than_an_hour() {
    let second = Duration::from_secs(1);
    let descriptor = SensorDescriptor { interval: second, ..kind(counter(None), 100) };
    let mut tally = SensorTally::new(descriptor, at(OPENED_MS));
    let mut most_kept = [0, 0];
    let (hour_s, end_s) = (3_600, 3 * 24 * 3_600u64);
    for sec in 0..=end_s + 10 {
        let millis = sec * 1_000 + (sec * 317) % 900;
        tally.take(&SensorSample { sensor: SensorIndex(0), at: at(millis), value: truth_j(millis), read_nanos: 0 });
        tally.settle(at(millis.min(end_s * 1_000)));
        let so_far = &mut most_kept[usize::from(sec > hour_s)];
        *so_far = tally.kept.len().max(*so_far);
    }
    assert!(most_kept[1] <= most_kept[0], "{most_kept:?}");
    let (energy, truth) =
        (tally.read(at(end_s * 1_000)).energy.value().expect("bracketed").get(), truth_j(end_s * 1_000) - truth_j(OPENED_MS));
    assert!((energy - truth).abs() < 300.0, "{energy} J against {truth} J");
}
