//! Requests in flight: from their actual start to their end.

use crate::derive::cycle::Cycle;
use crate::derive::timeline::RequestTimeline;
use crate::time::{TimeWindow, Timestamp};

/// The time in flight of every request that started.
pub(super) fn flights<'a>(requests: impl Iterator<Item = &'a RequestTimeline>) -> Vec<TimeWindow> {
    requests.filter_map(flight).collect()
}

/// From actual start to end. One that has no end of its own was in flight until its last token.
pub(super) fn flight(request: &RequestTimeline) -> Option<TimeWindow> {
    TimeWindow::new(request.scheduled?, request.ended.or(request.last_token())?)
}

/// How the number in flight changes, in order of time; what ends makes room before what starts at the same instant.
pub(super) fn changes(flights: &[TimeWindow]) -> Vec<(Timestamp, i64)> {
    let mut changes: Vec<_> = flights.iter().flat_map(|flight| [(flight.start, 1), (flight.end, -1)]).collect();
    changes.sort_unstable();
    changes
}

/// Most at once.
pub(super) fn most(flights: &[TimeWindow]) -> u64 {
    let counts = changes(flights).into_iter().scan(0, |count, (_, change)| {
        *count += change;
        Some(*count)
    });
    counts.max().and_then(|most| u64::try_from(most).ok()).unwrap_or(0)
}

/// Seconds in flight within a window, of all together.
fn seconds_within(flights: &[TimeWindow], window: TimeWindow) -> f64 {
    let overlap = |flight: &TimeWindow| TimeWindow::new(flight.start.max(window.start), flight.end.min(window.end));
    flights.iter().filter_map(overlap).map(|overlap| overlap.span().get()).sum()
}

/// Mean number in flight over the windows of all cycles, and λ · W ÷ L of the requests that completed.
pub(super) fn mean_and_little(cycles: &[Cycle<'_>]) -> (Option<f64>, Option<f64>) {
    let (mut span, mut in_flight, mut residence) = (0.0, 0.0, 0.0);
    for cycle in cycles {
        let Some(window) = cycle.window else { continue };
        let requests = || cycle.timelines.iter().flatten();
        let completed = requests().filter(|request| request.finish.is_some_and(|finish| finish.is_success()));
        span += window.span().get();
        in_flight += seconds_within(&flights(requests()), window);
        residence += flights(completed).iter().map(|flight| flight.span().get()).sum::<f64>();
    }
    ((span > 0.0).then(|| in_flight / span), (in_flight > 0.0).then(|| residence / in_flight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::fixture::window;

    #[test]
    fn a_place_that_is_taken_up_at_once_is_one_place() {
        let flights = [window(0, 10), window(10, 20), window(5, 15)];
        assert_eq!((most(&flights), most(&[])), (2, 0));
        assert!((seconds_within(&flights, window(0, 20)) - 0.030).abs() < 1e-12);
        assert!((seconds_within(&flights, window(5, 10)) - 0.010).abs() < 1e-12);
    }
}
