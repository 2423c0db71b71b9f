//! One sensor's samples as a function of time: unwrapped, interpolated and integrated.

use crate::counter::{CounterRange, CounterStep};
use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, Seconds};

/// Samples of one sensor in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    points: Vec<(Timestamp, f64)>,
    /// Between which samples a counter was set back; what it counted there is unknown.
    resets: Vec<TimeWindow>,
}

/// Why a series says nothing about a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesFault {
    /// There are no samples.
    Empty,
    /// Sampling began after the window opened.
    StartsLate,
    /// Sampling ended before the window closed.
    EndsEarly,
}

impl Series {
    /// From samples in any order. Of several at one instant the last one recorded counts.
    #[must_use]
    pub fn new(mut points: Vec<(Timestamp, f64)>) -> Self {
        points.sort_by_key(|&(at, _)| at);
        points.reverse();
        points.dedup_by_key(|&mut (at, _)| at);
        points.reverse();
        Self { points, resets: Vec::new() }
    }

    /// From raw reads of a growing counter: wraps are undone, so that the series only grows. A reset adds nothing and
    /// is kept, see [`Series::reset_within`].
    #[must_use]
    pub fn unwrapped(raw: Vec<(Timestamp, f64)>, range: CounterRange) -> Self {
        let raw = Self::new(raw);
        let mut points = Vec::with_capacity(raw.points.len());
        let mut resets = Vec::new();
        let mut total = 0.0;
        let mut last: Option<(Timestamp, Joules)> = None;
        for &(at, value) in &raw.points {
            let read = (at, Joules::new(value));
            match range.step(last, read) {
                CounterStep::First => total = value,
                CounterStep::Advanced(step) | CounterStep::Wrapped(step) => total += step.get(),
                CounterStep::Reset => resets.extend(last.map(|(start, _)| TimeWindow { start, end: at })),
            }
            points.push((at, total));
            last = Some(read);
        }
        Self { points, resets }
    }

    /// When the counter was set back, if that touches the window; a reset elsewhere does not spoil it.
    #[must_use]
    pub fn reset_within(&self, window: TimeWindow) -> Option<Timestamp> {
        self.resets.iter().find(|reset| reset.start < window.end && window.start < reset.end).map(|reset| reset.end)
    }

    /// The longest time without a sample inside a window, from the last sample before it to the first one after it.
    #[must_use]
    pub fn longest_gap(&self, window: TimeWindow) -> Option<Seconds> {
        let first = self.points.partition_point(|&(at, _)| at <= window.start).checked_sub(1)?;
        let past = self.points.partition_point(|&(at, _)| at < window.end);
        let inside = self.points.get(first..=past)?;
        inside.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max_by(|a, b| a.get().total_cmp(&b.get()))
    }

    /// The samples.
    #[must_use]
    pub fn points(&self) -> &[(Timestamp, f64)] {
        &self.points
    }

    /// Whether the samples reach from before the window to after it.
    ///
    /// # Errors
    /// When they do not.
    pub fn covers(&self, window: TimeWindow) -> Result<(), SeriesFault> {
        match (self.points.first(), self.points.last()) {
            (Some(&(first, _)), Some(&(last, _))) => {
                if first > window.start {
                    Err(SeriesFault::StartsLate)
                } else if last < window.end {
                    Err(SeriesFault::EndsEarly)
                } else {
                    Ok(())
                }
            }
            _ => Err(SeriesFault::Empty),
        }
    }

    /// The value at an instant, interpolated between the two samples that bracket it; `None` outside the samples.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        let above = self.points.partition_point(|&(sample, _)| sample < at);
        let &(above_at, above_value) = self.points.get(above)?;
        if above_at == at {
            return Some(above_value);
        }
        let &(below_at, below_value) = self.points.get(above.checked_sub(1)?)?;
        let share = at.since(below_at).get() / above_at.since(below_at).get();
        Some(below_value + (above_value - below_value) * share)
    }

    /// Distance from an instant to the nearest sample; zero when a sample lies on it, `None` outside the samples.
    ///
    /// What interpolation can miss at an edge is bounded by it, so a read forced at the edge makes it negligible.
    #[must_use]
    pub fn distance_to_sample(&self, at: Timestamp) -> Option<Seconds> {
        let above = self.points.partition_point(|&(sample, _)| sample < at);
        let &(above_at, _) = self.points.get(above)?;
        if above_at == at {
            return Some(Seconds::new(0.0));
        }
        let below_at = self.points.get(above.checked_sub(1)?)?.0;
        let (before, after) = (at.since(below_at), above_at.since(at));
        Some(if before < after { before } else { after })
    }

    /// Mean rate of change over the `span` before an instant, or as much of it as was sampled.
    #[must_use]
    pub fn rate_before(&self, at: Timestamp, span: std::time::Duration) -> Option<f64> {
        let first = self.points.first()?.0;
        let start = at.before(span).max(first);
        let seconds = at.since(start).get();
        (seconds > 0.0).then_some(())?;
        Some((self.at(at)? - self.at(start)?) / seconds)
    }

    /// Difference over a window of a series that grows.
    #[must_use]
    pub fn difference(&self, window: TimeWindow) -> Option<f64> {
        Some(self.at(window.end)? - self.at(window.start)?)
    }

    /// Integral over a window by the trapezoid, with interpolated edges.
    #[must_use]
    pub fn integral(&self, window: TimeWindow) -> Option<f64> {
        let mut last = (window.start, self.at(window.start)?);
        let end = (window.end, self.at(window.end)?);
        let mut area = 0.0;
        let from = self.points.partition_point(|&(at, _)| at <= window.start);
        let inside = self.points[from..].iter().copied().take_while(|&(at, _)| at < window.end);
        for point in inside.chain(std::iter::once(end)) {
            area += 0.5 * (last.1 + point.1) * point.0.since(last.0).get();
            last = point;
        }
        Some(area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: at(start), end: at(end) }
    }

    fn series(values: &[(u64, f64)]) -> Series {
        Series::new(values.iter().map(|&(millis, value)| (at(millis), value)).collect())
    }

    #[test]
    fn a_flat_trace_is_not_zero() {
        assert_eq!(series(&[(0, 300.0), (5_000, 300.0), (10_000, 300.0)]).integral(window(0, 10_000)), Some(3_000.0));
    }

    #[test]
    fn edges_are_interpolated_and_outside_is_unknown() {
        let ramp = series(&[(0, 0.0), (1_000, 100.0)]);
        assert_eq!(ramp.at(at(250)), Some(25.0));
        assert_eq!(ramp.integral(window(0, 500)), Some(12.5));
        assert_eq!(ramp.integral(window(500, 1_500)), None);
        assert_eq!(ramp.distance_to_sample(at(900)), Some(Seconds::new(0.1)));
        assert_eq!(ramp.covers(window(500, 1_500)), Err(SeriesFault::EndsEarly));
        assert_eq!(series(&[(5, 1.0)]).covers(window(0, 5)), Err(SeriesFault::StartsLate));
        assert_eq!(series(&[]).covers(window(0, 5)), Err(SeriesFault::Empty));
    }

    #[test]
    fn the_last_of_several_samples_at_one_instant_counts() {
        assert_eq!(series(&[(0, 1.0), (0, 2.0)]).points(), [(at(0), 2.0)]);
    }

    #[test]
    fn a_reset_is_found_and_a_wrap_undone() {
        let range = CounterRange { wraps_at: Some(Joules::new(1_000.0)), plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };
        let wrapped = Series::unwrapped(vec![(at(0), 990.0), (at(500), 40.0)], range);
        assert_eq!((wrapped.difference(window(0, 500)), wrapped.reset_within(window(0, 500))), (Some(50.0), None));
        let never = CounterRange { wraps_at: None, ..range };
        let reset = Series::unwrapped(vec![(at(0), 990.0), (at(500), 40.0), (at(900), 70.0)], never);
        assert_eq!(reset.reset_within(window(0, 900)), Some(at(500)));
        assert_eq!((reset.reset_within(window(500, 900)), reset.difference(window(500, 900))), (None, Some(30.0)));
    }

    #[test]
    fn a_hole_in_the_samples_is_found() {
        let holed = series(&[(0, 1.0), (50, 1.0), (100, 1.0), (700, 1.0), (750, 1.0)]);
        assert_eq!(holed.longest_gap(window(20, 740)), Some(Seconds::new(0.6)));
        assert_eq!(holed.longest_gap(window(0, 100)), Some(Seconds::new(0.05)));
    }

    prop_compose! {
        fn any_trace()(steps in prop::collection::vec((1u64..500, 0.0..800.0f64), 2..60)) -> Vec<(u64, f64)> {
            let mut millis = 0;
            steps.into_iter().map(|(step, watts)| { millis += step; (millis, watts) }).collect()
        }
    }

    proptest! {
        #[test]
        fn constant_power_integrates_to_power_times_time(watts in 0.0..1_000.0f64, cuts in prop::collection::vec(1u64..1_000, 2..50)) {
            let mut millis = 0;
            let points: Vec<_> = cuts.iter().map(|step| { millis += step; (millis, watts) }).collect();
            let (first, last) = (points[0].0, millis);
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
            let truth = watts * (last - first) as f64 / 1e3;
            let area = series(&points).integral(window(first, last)).expect("covered");
            prop_assert!((area - truth).abs() <= 1e-9 * truth.max(1.0));
        }

        #[test]
        fn splitting_a_window_adds_up(points in any_trace(), cut in 0.0..1.0f64) {
            let (first, last) = (points[0].0, points[points.len() - 1].0);
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a test")]
            let middle = first + ((last - first) as f64 * cut) as u64;
            let trace = series(&points);
            let whole = trace.integral(window(first, last)).expect("covered");
            let parts = trace.integral(window(first, middle)).expect("covered") + trace.integral(window(middle, last)).expect("covered");
            prop_assert!((whole - parts).abs() <= 1e-9 * whole.abs().max(1.0));
        }

        #[test]
        fn direction_of_time_does_not_matter(points in any_trace()) {
            let (first, last) = (points[0].0, points[points.len() - 1].0);
            let mirrored: Vec<_> = points.iter().map(|&(millis, watts)| (first + last - millis, watts)).collect();
            let forward = series(&points).integral(window(first, last)).expect("covered");
            let backward = series(&mirrored).integral(window(first, last)).expect("covered");
            prop_assert!((forward - backward).abs() <= 1e-9 * forward.abs().max(1.0));
        }
    }
}
