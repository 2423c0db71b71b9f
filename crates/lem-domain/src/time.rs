//! Instants and windows on the one monotonic clock that both recorded streams share.

use crate::units::Seconds;
use std::time::Duration;

/// An instant of the monotonic clock, in nanoseconds since an origin that is the same for every process of a host.
///
/// Only differences mean anything; wall time is a label kept elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From nanoseconds since the clock's origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Signed span from `earlier` to `self`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        let nanos = i128::from(self.0) - i128::from(earlier.0);
        Seconds::from_nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The instant `span` later; stays at the last representable instant instead of wrapping.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The instant `span` earlier; stays at the origin instead of wrapping.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// A half-open interval `[start, end)` of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant past the end.
    pub end: Timestamp,
}

impl TimeWindow {
    /// A window; `None` when it would end before it starts.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// Length in seconds.
    #[must_use]
    pub fn span(self) -> Seconds {
        self.end.since(self.start)
    }

    /// Whether the instant lies inside. The end counts as inside: a run's last token closes its window.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }

    /// The smallest window that holds both: the common wall window of several processes.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Merges overlapping or touching windows into disjoint ones, in order.
#[must_use]
pub fn union(mut windows: Vec<TimeWindow>) -> Vec<TimeWindow> {
    windows.sort_by_key(|window| (window.start, window.end));
    let mut merged: Vec<TimeWindow> = Vec::with_capacity(windows.len());
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => merged.push(window),
        }
    }
    merged
}

/// The parts of `windows` that lie in none of `holes`; both must be disjoint and in order, as [`union`] gives them.
#[must_use]
pub fn subtract(windows: &[TimeWindow], holes: &[TimeWindow]) -> Vec<TimeWindow> {
    let mut kept = Vec::with_capacity(windows.len());
    let mut first_hole = 0;
    for window in windows {
        while holes.get(first_hole).is_some_and(|hole| hole.end <= window.start) {
            first_hole += 1;
        }
        let mut start = window.start;
        for hole in holes[first_hole..].iter().take_while(|hole| hole.start < window.end) {
            if start < hole.start {
                kept.push(TimeWindow { start, end: hole.start });
            }
            start = start.max(hole.end);
        }
        if start < window.end {
            kept.push(TimeWindow { start, end: window.end });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: Timestamp::from_nanos(start), end: Timestamp::from_nanos(end) }
    }

    #[test]
    fn spans_are_signed_and_never_wrap() {
        let (early, late) = (Timestamp::from_nanos(5), Timestamp::from_nanos(1_000_000_005));
        assert_eq!(late.since(early), Seconds::new(1.0));
        assert_eq!(early.since(late), Seconds::new(-1.0));
        assert_eq!(early.before(Duration::from_secs(1)), Timestamp::from_nanos(0));
        assert!(TimeWindow::new(late, early).is_none());
    }

    #[test]
    fn union_merges_what_touches_and_subtract_cuts_it_out() {
        let merged = union(vec![window(5, 7), window(0, 2), window(2, 3), window(6, 9)]);
        assert_eq!(merged, [window(0, 3), window(5, 9)]);
        assert_eq!(subtract(&merged, &[window(1, 2), window(8, 20)]), [window(0, 1), window(2, 3), window(5, 8)]);
        assert_eq!(subtract(&merged, &[]), merged);
        assert_eq!(subtract(&merged, &[window(0, 9)]), []);
    }
}
