//! How well a window and a lag explain the points: least squares in base, drift and step.

use super::points::Point;
use crate::calibrate::recorded::Switching;

/// Points made ready: what base and drift explain is taken out beforehand, so that each try costs one pass.
pub(super) struct Fit<'a> {
    load: &'a Switching,
    is_counter: bool,
    points: Vec<Ready>,
    /// Squares that base and drift alone leave.
    total: f64,
}

struct Ready {
    at: f64,
    over: f64,
    /// What base and drift do not explain, in watts.
    rest: f64,
    /// Time, centred and of unit length over all points.
    drift: f64,
}

/// What a window and a lag come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score {
    /// Squares that are left, in watts squared.
    pub(super) squares: f64,
    /// Power between off and on, in watts.
    pub(super) step: f64,
}

/// Fewer points say nothing of four unknowns.
const FEWEST: usize = 12;

impl<'a> Fit<'a> {
    /// `None` for points too few, or without anything to explain.
    #[expect(clippy::cast_precision_loss, reason = "a count of points")]
    pub(super) fn of(points: &[Point], load: &'a Switching, is_counter: bool) -> Option<Self> {
        if points.len() < FEWEST {
            return None;
        }
        let n = points.len() as f64;
        let middle = points.iter().map(|point| point.at).sum::<f64>() / n;
        let length = points.iter().map(|point| (point.at - middle).powi(2)).sum::<f64>().sqrt();
        let base = points.iter().map(|point| point.watts).sum::<f64>() / n;
        let drift = |point: &Point| (point.at - middle) / length;
        let slope: f64 = points.iter().map(|point| (point.watts - base) * drift(point)).sum();
        let points: Vec<Ready> = points
            .iter()
            .map(|point| Ready { at: point.at, over: point.over, rest: point.watts - base - slope * drift(point), drift: drift(point) })
            .collect();
        let total: f64 = points.iter().map(|point| point.rest.powi(2)).sum();
        (length > 0.0 && total > 0.0).then_some(Self { load, is_counter, points, total })
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Squares that rounding alone leaves.
    pub(super) fn rounding(&self) -> f64 {
        /// Products of about a thousand terms, each off by an epsilon, and the difference of two such sums.
        const RELATIVE: f64 = 1e-10;
        RELATIVE * self.total
    }

    /// Holds the model against the points.
    #[expect(clippy::cast_precision_loss, reason = "a count of points")]
    pub(super) fn score(&self, lag: f64, window: f64) -> Score {
        let (mut sum, mut squares, mut with_drift, mut with_rest) = (0.0, 0.0, 0.0, 0.0);
        let mut state = self.load.walk();
        for point in &self.points {
            // A trailing mean shows half of a step when half of its window has passed.
            let on = if self.is_counter {
                state.mean_before(point.at - lag, point.over)
            } else {
                state.mean_before(point.at - lag + window / 2.0, window)
            };
            sum += on;
            squares += on * on;
            with_drift += on * point.drift;
            with_rest += on * point.rest;
        }
        let own = squares - sum * sum / self.points.len() as f64 - with_drift * with_drift;
        // The load never changed, as far as these points go; or the power fell with it, which no load does.
        if own <= 1e-9 * squares || with_rest <= 0.0 {
            return Score { squares: self.total, step: 0.0 };
        }
        Score { squares: (self.total - with_rest * with_rest / own).max(0.0), step: with_rest / own }
    }
}
