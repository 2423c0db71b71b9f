//! What a calibration recorded: the raw material of every figure.

use lem_domain::sensor::SensorRecord;
use lem_domain::{TimeWindow, Timestamp};
use std::time::Duration;

/// What was recorded, phase by phase. Nothing in here is computed.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Reads at the usual rate while the machine was left idle.
    pub usual: SensorRecord,
    /// When it idled.
    pub idle: Option<TimeWindow>,
    /// Reads as fast as they go, with the load first on and then off where there is one.
    pub dense: SensorRecord,
    /// Reads while the load went on and off; `None` without a load.
    pub steps: Option<StepRecord>,
}

/// A record and what the load did meanwhile.
#[derive(Clone, Debug, Default)]
pub struct StepRecord {
    /// The reads.
    pub meter: SensorRecord,
    /// In the order of time; the load is off before the first.
    pub edges: Vec<LoadEdge>,
}

/// The load went on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadEdge {
    /// The middle of the call that switched it.
    pub at: Timestamp,
    /// Half the time that the call took.
    pub slack: Duration,
    /// Whether it is on from then on.
    pub is_on: bool,
}

/// The load as a function of time: 1 while it is on, 0 while it is off. Seconds count from an origin of one's choice.
pub(super) struct Switching {
    /// When the state changes, the state from then on, and how long the load has been on before.
    edges: Vec<(f64, bool, f64)>,
}

impl Switching {
    /// From edges in the order of time.
    pub(super) fn of(edges: &[LoadEdge], origin: Timestamp) -> Self {
        let mut switching = Self { edges: Vec::with_capacity(edges.len()) };
        for edge in edges {
            let at = edge.at.since(origin).get();
            let on_before = switching.on_time(at);
            switching.edges.push((at, edge.is_on, on_before));
        }
        switching
    }

    /// When the load changed.
    pub(super) fn times(&self) -> impl Iterator<Item = f64> {
        self.edges.iter().map(|&(at, ..)| at)
    }

    /// How long the load has been on up to an instant: the integral of its state.
    pub(super) fn on_time(&self, at: f64) -> f64 {
        on_time(&self.edges, seek(&self.edges, self.edges.len(), at), at)
    }

    /// Reads the state at instants that come in the order of time, or nearly so.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk { edges: &self.edges, end: 0, start: 0 }
    }
}

/// A reader of [`Switching`] that remembers where it was: a fit asks for thousands of instants in a row.
pub(super) struct Walk<'a> {
    edges: &'a [(f64, bool, f64)],
    /// Edges that lie at or before the end of the last mean, and before its start.
    end: usize,
    start: usize,
}

impl Walk<'_> {
    /// Mean of the state over a time up to an instant; over no time the state itself.
    pub(super) fn mean_before(&mut self, at: f64, over: f64) -> f64 {
        /// A mean over less than this is the state at the instant; dividing by less would be noise.
        const INSTANT_S: f64 = 1e-6;
        self.end = seek(self.edges, self.end, at);
        if over <= INSTANT_S {
            return if self.end.checked_sub(1).is_some_and(|last| self.edges[last].1) { 1.0 } else { 0.0 };
        }
        self.start = seek(self.edges, self.start, at - over);
        (on_time(self.edges, self.end, at) - on_time(self.edges, self.start, at - over)) / over
    }
}

/// Number of edges at or before an instant, looked for from a guess.
fn seek(edges: &[(f64, bool, f64)], guess: usize, at: f64) -> usize {
    let mut passed = guess;
    while edges.get(passed).is_some_and(|&(edge, ..)| edge <= at) {
        passed += 1;
    }
    while passed > 0 && edges[passed - 1].0 > at {
        passed -= 1;
    }
    passed
}

fn on_time(edges: &[(f64, bool, f64)], passed: usize, at: f64) -> f64 {
    passed.checked_sub(1).map_or(0.0, |last| {
        let (since, is_on, before) = edges[last];
        before + if is_on { at - since } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_and_its_means_are_those_of_the_edges() {
        let edge = |millis: u64, is_on| LoadEdge { at: Timestamp::from_nanos(millis * 1_000_000), slack: Duration::ZERO, is_on };
        let load = Switching::of(&[edge(1_000, true), edge(3_000, false), edge(4_000, true)], Timestamp::from_nanos(0));
        let mut walk = load.walk();
        let mut check = |at, over, expected: f64| assert!((walk.mean_before(at, over) - expected).abs() < 1e-12, "{over} s before {at} s");
        check(0.5, 0.0, 0.0);
        check(1.0, 0.0, 1.0);
        check(2.0, 2.0, 0.5);
        check(3.5, 1.0, 0.5);
        check(4.5, 4.5, 2.5 / 4.5);
        assert!((load.on_time(5.0) - 3.0).abs() < 1e-12);
    }
}
