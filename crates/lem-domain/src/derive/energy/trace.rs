//! Cumulative energy known at some instants, and what may lie between them.

/// Cumulative energy at increasing instants, in joules and seconds.
pub(super) struct Trace {
    points: Vec<(f64, f64)>,
}

/// The energy at an instant between two points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// Share of the interval that has passed, from 0 to 1.
    pub(super) share: f64,
    /// Cumulative energy.
    pub(super) energy: f64,
    /// Mean power of the interval.
    pub(super) power: f64,
    /// Variance of what the shape of power within the interval leaves open, in joules squared.
    pub(super) shape: f64,
}

/// Intervals on each side whose scatter tells how much power moves about within one.
const NEIGHBOURS: usize = 8;

/// Scales the median of |second difference| of independent normal values to their standard deviation:
/// 1 / (0.6745 × √6), because a second difference has six times their variance.
const MEDIAN_SECOND_DIFFERENCE: f64 = 0.605_3;

impl Trace {
    /// From energies at increasing instants.
    pub(super) fn new(points: Vec<(f64, f64)>) -> Self {
        Self { points }
    }

    /// The energy at an instant inside interval `position`; instants outside it count as its ends.
    pub(super) fn within(&self, position: usize, at: f64) -> Option<Between> {
        let (&(start, before), &(end, after)) = (self.points.get(position)?, self.points.get(position + 1)?);
        let length = end - start;
        if length <= 0.0 {
            return None;
        }
        let share = ((at - start) / length).clamp(0.0, 1.0);
        let power = (after - before) / length;
        let (deviation, shape) = self.shape(position, share, length, power);
        Some(Between { share, energy: before + share * (after - before) + deviation, power, shape })
    }

    /// Mean power of an interval.
    fn power(&self, position: usize) -> Option<f64> {
        let (&(start, before), &(end, after)) = (self.points.get(position)?, self.points.get(position + 1)?);
        (end > start).then(|| (after - before) / (end - start))
    }

    /// How far the energy strays from a straight line at a share of an interval, as its neighbours let expect, and how
    /// well that is known.
    ///
    /// Neighbours that are level say that power stepped once within the interval, and the interval's own mean says when.
    /// Neighbours on a slope say that it went on sloping. Anything else is noise, which strays like a bridge.
    fn shape(&self, position: usize, share: f64, length: f64, power: f64) -> (f64, f64) {
        let around = |offset: usize, forward: bool| {
            let index = if forward { position.checked_add(offset) } else { position.checked_sub(offset) };
            index.and_then(|index| self.power(index))
        };
        let before = around(1, false).unwrap_or(power);
        let after = around(1, true).unwrap_or(power);
        let (earlier, later) = (around(2, false).unwrap_or(before), around(2, true).unwrap_or(after));
        let bridge = share * (1.0 - share);
        let noise = self.noise(position);
        let mut variance = bridge * (noise * length).powi(2);
        let difference = before - after;
        let (low, high) = (before.min(after), before.max(after));
        // More or less than both neighbours: something came and went within the interval, nobody knows where.
        let outside = (power - high).max(low - power).max(0.0);
        if outside > 3.0 * noise {
            variance += 0.6 * bridge * (outside * length).powi(2);
        }
        if difference.abs() <= 3.0 * noise {
            return (0.0, variance);
        }
        let step_at = ((power - after) / difference).clamp(0.0, 1.0);
        let step = difference * length * if share < step_at { share * (1.0 - step_at) } else { step_at * (1.0 - share) };
        let slope = 0.25 * difference * length * bridge;
        let unlevel = (before - earlier).abs() + (after - later).abs();
        let level = (1.0 - (unlevel - noise).max(0.0) / difference.abs()).clamp(0.0, 1.0);
        let undecided = (level * (1.0 - level)) * (step - slope).powi(2);
        (level * step + (1.0 - level) * slope, variance + undecided)
    }

    /// Standard deviation of interval means around a smooth course, near an interval; steps do not count, because the
    /// median passes over them.
    fn noise(&self, position: usize) -> f64 {
        let from = position.saturating_sub(NEIGHBOURS);
        let to = (position + NEIGHBOURS + 1).min(self.points.len().saturating_sub(1));
        let mut second = [0.0; 2 * NEIGHBOURS + 1];
        let mut n = 0;
        let mut last: [Option<f64>; 2] = [None, None];
        for index in from..to {
            let power = self.power(index);
            if let (Some(a), Some(b), Some(c)) = (last[0], last[1], power) {
                second[n] = (a - 2.0 * b + c).abs();
                n += 1;
            }
            last = [last[1], power];
        }
        if n == 0 {
            return 0.0;
        }
        let second = &mut second[..n];
        second.sort_unstable_by(f64::total_cmp);
        second[n / 2] * MEDIAN_SECOND_DIFFERENCE
    }
}
