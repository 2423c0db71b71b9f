//! A counter of a powered device never rests: one that does has stopped counting, and what it missed is unknown.

use crate::time::{TimeWindow, Timestamp};
use crate::units::Seconds;
use std::time::Duration;

/// A counter may rest this many of its usual times between two changes: an update or two may come late.
const LATE_CHANGES: f64 = 3.5;

/// While no two changes have been seen, the update period is only assumed, and a true one may be several times longer.
const LATE_WHILE_UNKNOWN: f64 = 20.0;

/// Nor is that judged in less time than this.
const SHORTEST_WHILE_UNKNOWN_S: f64 = 1.0;

/// How long the value rested, when that touches the window and is longer than the counter ever should.
///
/// `points` are the unwrapped reads in the order of time, `period` is the update period as far as it is known.
pub(super) fn standstill(points: &[(Timestamp, f64)], period: Duration, window: TimeWindow) -> Option<Seconds> {
    let mut rests: Vec<Rest> = Vec::new();
    let mut changes: Vec<Timestamp> = Vec::new();
    let mut last: Option<(Timestamp, f64)> = None;
    for &(at, value) in points {
        let is_same = last.is_some_and(|(_, last)| last.total_cmp(&value).is_eq());
        match rests.last_mut() {
            Some(rest) if is_same => rest.seen.end = at,
            _ => {
                changes.extend(last.map(|_| at));
                rests.push(Rest { since: last.map_or(at, |(before, _)| before), seen: TimeWindow { start: at, end: at } });
            }
        }
        last = Some((at, value));
    }
    let allowed_s = match mean_gap(&changes) {
        None => (LATE_WHILE_UNKNOWN * period.as_secs_f64()).max(SHORTEST_WHILE_UNKNOWN_S),
        // The mean, not the median: reads see a change up to a read late, and few gaps have a median anywhere.
        Some(gap) => LATE_CHANGES * gap.get().max(period.as_secs_f64()),
    };
    let touching = rests.iter().filter(|rest| rest.since < window.end && window.start < rest.seen.end);
    touching.map(|rest| rest.seen.span()).find(|rest| rest.get() > allowed_s)
}

/// A stretch of reads that agree.
struct Rest {
    /// The read before them: the value may be as old.
    since: Timestamp,
    /// From the first read to the last: for so long it certainly rested.
    seen: TimeWindow,
}

fn mean_gap(changes: &[Timestamp]) -> Option<Seconds> {
    let (first, last) = (changes.first()?, changes.last()?);
    #[expect(clippy::cast_precision_loss, reason = "a session holds far fewer than 2^52 changes")]
    let n_gaps = (changes.len() - 1) as f64;
    (n_gaps > 0.0).then(|| Seconds::new(last.since(*first).get() / n_gaps))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    /// Reads every 50 ms of a counter that takes a step every `period_ms` until it stops for good.
    fn counter(period_ms: u64, stops_ms: u64) -> Vec<(Timestamp, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
        let value = |millis: u64| (millis.min(stops_ms) / period_ms) as f64;
        (0..=60).map(|read| (at(read * 50), value(read * 50))).collect()
    }

    fn check(points: &[(Timestamp, f64)], start: u64, end: u64, rests: bool) {
        let window = TimeWindow { start: at(start), end: at(end) };
        assert_eq!(standstill(points, PERIOD, window).is_some(), rests, "{start} to {end} ms");
    }

    #[test]
    fn a_counter_that_stops_is_found_where_it_matters() {
        let stopped = counter(100, 1_000);
        check(&stopped, 100, 800, false);
        check(&stopped, 100, 1_500, true);
        check(&stopped, 1_200, 1_300, true);
        check(&counter(100, 3_000), 100, 2_900, false);
    }

    #[test]
    fn a_counter_slower_than_assumed_does_not_rest() {
        check(&counter(500, 3_000), 100, 2_900, false);
    }

    #[test]
    fn one_that_never_moved_is_given_time() {
        let still = counter(100, 0);
        check(&still[..10], 0, 400, false);
        check(&still, 0, 400, true);
    }
}
