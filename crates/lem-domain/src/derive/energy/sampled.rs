//! Power known at some instants only: what it did in between is bounded by how it moves from sample to sample.
//!
//! Between two samples the course is taken as smooth (monotone cubic), which is exact enough for anything slow. What is
//! left is noise, seen as scatter about a smooth course, and steps, which lie anywhere between two samples.

use super::rounding::Rounding;
use super::scatter::Scatter;
use super::spread::{Estimate, Spread, f64_of};
use crate::derive::Series;
use crate::time::{TimeWindow, Timestamp};

/// A change between two samples that exceeds the scatter by this factor is a step.
const STEP: f64 = 4.5;

/// Steps of a load that repeats fall at related places between samples, so that their errors add up to more than those of
/// independent ones, the more so the more of them there are and the closer they stand: the variance of n of them is larger by
/// 1 + this × (1 − 1/n)² × the share of intervals with a step.
const RELATED_STEPS: f64 = 5.5;

/// A change that exceeds the scatter by this factor is no chance.
const CERTAIN_STEP: f64 = 10.0;

/// Steps closer than this many samples are faster than a part-time sensor shows.
const RESOLVED_SAMPLES: usize = 4;

/// See the module.
pub(super) struct SampledPower<'a> {
    pub(super) series: &'a Series,
    pub(super) scatter: &'a Scatter,
    /// Share of the time that the samples are means over, from 0 for samples at an instant to 1 for means without gaps.
    pub(super) duty: f64,
    /// Smallest step of a sample, in watts.
    pub(super) resolution: f64,
    /// What is longer than this between two samples is a hole, in seconds.
    pub(super) hole_s: f64,
}

/// The part of the interval after sample `index` that lies in the window, by shares of the interval.
struct Covered {
    index: usize,
    length: f64,
    from: f64,
    to: f64,
}

impl SampledPower<'_> {
    /// Integral over a window; `None` when the samples do not reach across it.
    pub(super) fn energy(&self, window: TimeWindow) -> Option<Estimate> {
        let covered = self.covered(window)?;
        let points = self.series.points();
        let first = covered.first()?.index;
        let mut weights = vec![0.0; covered.len() + 1];
        let mut joules = 0.0;
        let mut steps = Spread::default();
        let mut n_steps = 0.0;
        for part in &covered {
            let local = part.index - first;
            let (sum, squares) = (part.to - part.from, 0.5 * (part.to * part.to - part.from * part.from));
            weights[local] += part.length * (sum - squares);
            weights[local + 1] += part.length * squares;
            joules += part.length * self.smooth(part);
            if let Some(step) = self.step(part) {
                steps += step;
                n_steps += 1.0;
            }
        }
        let share = n_steps / f64_of(covered.len());
        let mut spread = if n_steps > 0.0 { steps.scaled(1.0 + RELATED_STEPS * (1.0 - 1.0 / n_steps).powi(2) * share) } else { steps };
        let noise: f64 = weights.iter().enumerate().map(|(local, weight)| (weight * self.scatter.at(first + local)).powi(2)).sum();
        spread += Spread::student((1.0 - self.duty) * noise, Scatter::degrees(weights.len()));
        spread += self.holes(&covered);
        let shown: Vec<(f64, f64)> = weights.iter().enumerate().map(|(local, &weight)| (points[first + local].1, weight)).collect();
        let rounding = Rounding::of(&shown, self.resolution, |local| self.scatter.at(first + local));
        Some(Estimate { inner: spread, rounding, ..Estimate::between_edges(joules, [Spread::default(); 2]) })
    }

    /// In a hole power may have been anything that it was elsewhere in the window.
    fn holes(&self, covered: &[Covered]) -> Spread {
        let watts = || covered.iter().flat_map(|part| [part.index, part.index + 1]).map(|index| self.series.points()[index].1);
        let range = watts().fold(f64::NEG_INFINITY, f64::max) - watts().fold(f64::INFINITY, f64::min);
        let holes = covered.iter().filter(|part| part.length > self.hole_s);
        holes.fold(Spread::default(), |sum, hole| sum + Spread::rectangular(range * hole.length * (hole.to - hole.from)))
    }

    /// Whether power stepped up and down again faster than four samples show, near the window.
    pub(super) fn unresolved(&self, window: TimeWindow) -> bool {
        let Some(covered) = self.covered(window) else { return false };
        let is_step = |index: usize| self.excess(index) > CERTAIN_STEP * self.scatter.at(index);
        // Two changes in a row in one direction are one step that a mean split.
        let goes_on =
            |index: usize| index.checked_sub(1).is_some_and(|before| is_step(before) && self.change(before) * self.change(index) > 0.0);
        let steps: Vec<usize> = covered.iter().map(|part| part.index).filter(|&index| is_step(index) && !goes_on(index)).collect();
        steps.windows(2).any(|pair| pair[1] - pair[0] < RESOLVED_SAMPLES)
    }

    fn covered(&self, window: TimeWindow) -> Option<Vec<Covered>> {
        self.series.covers(window).ok()?;
        let points = self.series.points();
        let first = points.partition_point(|&(at, _)| at <= window.start).checked_sub(1)?;
        let mut parts = Vec::new();
        for (offset, pair) in points[first..].windows(2).enumerate() {
            if pair[0].0 >= window.end {
                break;
            }
            let length = pair[1].0.since(pair[0].0).get();
            let share = |at: Timestamp| (at.since(pair[0].0).get() / length).clamp(0.0, 1.0);
            let from = if window.start > pair[0].0 { share(window.start) } else { 0.0 };
            let to = if window.end < pair[1].0 { share(window.end) } else { 1.0 };
            parts.push(Covered { index: first + offset, length, from, to });
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// Mean of the monotone cubic over the covered part, times its share of the interval.
    fn smooth(&self, part: &Covered) -> f64 {
        let points = self.series.points();
        let (before, after) = (points[part.index].1, points[part.index + 1].1);
        let (rise, fall) = (self.slope(part.index) * part.length, self.slope(part.index + 1) * part.length);
        // Integral of the Hermite polynomial from 0 to s.
        let to = |s: f64| {
            let (s2, s3, s4) = (s * s, s * s * s, s * s * s * s);
            before * (s - s3 + 0.5 * s4)
                + after * (s3 - 0.5 * s4)
                + rise * (0.5 * s2 - 2.0 / 3.0 * s3 + 0.25 * s4)
                + fall * (0.25 * s4 - s3 / 3.0)
        };
        to(part.to) - to(part.from)
    }

    /// Slope at a sample, in watts per second, that keeps the course monotone: a weighted harmonic mean of the slopes on
    /// both sides, zero where they turn (Fritsch & Butland 1984, "A method for constructing local monotone piecewise
    /// cubic interpolants", SIAM J. Sci. Stat. Comput. 5, 300).
    fn slope(&self, index: usize) -> f64 {
        let (Some(before), Some(after)) = (index.checked_sub(1).and_then(|before| self.secant(before)), self.secant(index)) else {
            return 0.0;
        };
        if before.1 * after.1 <= 0.0 {
            return 0.0;
        }
        let (one, two) = (2.0 * after.0 + before.0, after.0 + 2.0 * before.0);
        (one + two) / (one / before.1 + two / after.1)
    }

    /// Length of the interval after a sample and its slope.
    fn secant(&self, index: usize) -> Option<(f64, f64)> {
        let points = self.series.points();
        let (one, two) = (points.get(index)?, points.get(index + 1)?);
        let length = two.0.since(one.0).get();
        Some((length, (two.1 - one.1) / length))
    }

    /// A step may lie anywhere between its two samples. The part of the interval in the window then holds an energy of
    /// this variance around that of the straight line. `None` without a step.
    fn step(&self, part: &Covered) -> Option<Spread> {
        let excess = self.excess(part.index) * (1.0 - self.duty) * part.length;
        if excess == 0.0 {
            return None;
        }
        let share = part.to - part.from;
        if share >= 1.0 {
            return Some(Spread::rectangular(excess));
        }
        let mean = 0.5 * (part.to * part.to - part.from * part.from);
        Some(Spread::normal(excess * excess * (share * share * part.from + share.powi(3) / 3.0 - mean * mean)))
    }

    /// How far the change after a sample exceeds what noise and a steady slope explain, in watts; 0 when they do.
    fn excess(&self, index: usize) -> f64 {
        let change = self.change(index);
        let (before, after) = (index.checked_sub(1).map_or(0.0, |before| self.change(before)), self.change(index + 1));
        let is_slope = before * change > 0.0 && after * change > 0.0;
        let slope = if is_slope { before.abs().min(after.abs()) } else { 0.0 };
        let excess = change.abs() - slope;
        if excess > STEP * self.scatter.at(index) + self.resolution { excess } else { 0.0 }
    }

    fn change(&self, index: usize) -> f64 {
        let points = self.series.points();
        match (points.get(index), points.get(index + 1)) {
            (Some(one), Some(two)) => two.1 - one.1,
            _ => 0.0,
        }
    }
}
