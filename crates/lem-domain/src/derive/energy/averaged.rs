//! Power as a trailing mean that is longer than its update period: nothing is missed, everything is smeared.
//!
//! The mean at t is that of the W seconds before it, so shifted by W/2 it is the true power smoothed by a boxcar. Inside
//! a window the smoothing loses nothing; at each edge, energy within W/2 of it is carried across. For a course without
//! steps that is W²/24 of the slope, which is corrected; what steps and noise carry is stated.

use super::rounding::Rounding;
use super::spread::{Estimate, Spread, f64_of};
use crate::derive::Series;
use crate::time::{TimeWindow, Timestamp};
use std::time::Duration;

/// The slope at an edge is that over this share of the mean's length on both sides.
const SLOPE_LAG: f64 = 0.1;

/// Degrees of freedom of a variance taken from the updates within the length of one mean, which overlap.
const EDGE_DEGREES: f64 = 14.0;

/// Steps of a load that repeats fall at related places around both edges: their variance is taken larger by this factor.
const RELATED_STEPS: f64 = 2.7;

/// See the module.
pub(super) struct AveragedPower<'a> {
    /// The means, each at the middle of what it is a mean over.
    centred: &'a Series,
    over: Duration,
    resolution: f64,
}

impl<'a> AveragedPower<'a> {
    pub(super) fn new(centred: &'a Series, over: Duration, resolution: f64) -> Self {
        Self { centred, over, resolution }
    }

    /// Integral over a window; `None` when the means do not reach across it.
    pub(super) fn energy(&self, window: TimeWindow) -> Option<Estimate> {
        let length = self.over.as_secs_f64();
        let smoothed = self.centred.integral(window)?;
        let carried = length * length / 24.0 * (self.slope(window.end)? - self.slope(window.start)?);
        let shown = self.shown(window);
        let edges = [self.edge(window.start), self.edge(window.end)];
        let rounding = Rounding::of(&shown, self.resolution, |_| 0.0);
        Some(Estimate { rounding, ..Estimate::between_edges(smoothed - carried, edges) })
    }

    /// Slope of the smoothed course, in watts per second.
    fn slope(&self, at: Timestamp) -> Option<f64> {
        let lag = self.over.mul_f64(SLOPE_LAG);
        let (before, after) = (at.before(lag), at.after(lag));
        Some((self.centred.at(after)? - self.centred.at(before)?) / after.since(before).get())
    }

    /// What is unknown of the energy carried across an edge, from how the smoothed course bends around it.
    ///
    /// Let power be noise of density S plus a random walk of q W²/s. The second difference of its boxcar mean over W at a
    /// short lag h has variance 4 h S/W² + (4/3) h³ q/W², at the lag W/2 it has 2 S/W + q W/6 (integrals of the squared
    /// kernels), which gives S and q. The energy carried across has variance S W/12 + q W³/720: a step that lies anywhere
    /// within W/2 of the edge carries ΔP (W/2 − |x|)²/2W, of mean square ΔP² W²/320, less the square of its mean ΔP W/24,
    /// which was corrected.
    fn edge(&self, at: Timestamp) -> Spread {
        let length = self.over.as_secs_f64();
        let points = self.centred.points();
        let from = points.partition_point(|&(point, _)| point < at.before(self.over / 2));
        let to = points.partition_point(|&(point, _)| point <= at.after(self.over / 2));
        if to < from + 3 {
            return Spread::default();
        }
        let step = points[to - 1].0.since(points[from].0).get() / f64_of(to - 1 - from);
        let mut carried: f64 = 0.0;
        for share in [0.25, 0.5] {
            let lag = updates_in(share * length, step);
            let (short, long) = (self.bend(from, to, 1), self.bend(from, to, lag));
            let (short_s, long_s) = (step / length, f64_of(lag) * step / length);
            // Kernels in units of the mean's length: for noise and for a walk, at the short and at the long lag.
            let [noise_short, walk_short] = [4.0 * short_s, 4.0 / 3.0 * short_s.powi(3)];
            let [noise_long, walk_long] = [4.0 * long_s, 4.0 / 3.0 * long_s.powi(3)];
            let determinant = noise_short * walk_long - noise_long * walk_short;
            let noise = ((short * walk_long - long * walk_short) / determinant).max(0.0);
            let walk = ((long - noise_long * noise) / walk_long).max(0.0);
            carried = carried.max(noise / 12.0 + RELATED_STEPS * walk / 720.0);
        }
        Spread::student(length * length * carried, EDGE_DEGREES)
    }

    /// Variance of the second difference at a lag of some updates over those from one to another.
    fn bend(&self, from: usize, to: usize, lag: usize) -> f64 {
        let points = self.centred.points();
        let differences: Vec<f64> = (from..to)
            .filter_map(|index| {
                let (before, after) = (points.get(index.checked_sub(lag)?)?, points.get(index + lag)?);
                Some(before.1 - 2.0 * points[index].1 + after.1)
            })
            .collect();
        // About their mean, because a steady curvature carries nothing that was not corrected.
        let mean = differences.iter().sum::<f64>() / f64_of(differences.len().max(1));
        differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / f64_of(differences.len().saturating_sub(1).max(1))
    }

    fn shown(&self, window: TimeWindow) -> Vec<(f64, f64)> {
        let inside = |pair: &[(Timestamp, f64)]| {
            let from = pair[0].0.max(window.start);
            let to = pair[1].0.min(window.end);
            (to > from).then(|| (pair[0].1, to.since(from).get()))
        };
        self.centred.points().windows(2).filter_map(inside).collect()
    }
}

/// A length in updates, at least two.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of updates")]
fn updates_in(length: f64, step: f64) -> usize {
    (length / step).round().max(2.0) as usize
}
