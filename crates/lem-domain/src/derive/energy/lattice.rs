//! When updates came, told by all of them together: a regular sensor's updates lie on a lattice t = phase + index × period,
//! and every read narrows it.
//!
//! Each update is known to lie in a bracket between two reads. The lattices that meet all brackets form a convex polygon
//! in the plane of phase and period; its centroid is the estimate and its moments are the uncertainty (set-membership
//! estimation, see Milanese & Vicino 1991, "Optimal estimation theory for dynamic systems with set membership
//! uncertainty", Automatica 27, 997).

use super::updates::Update;

/// Phase at the reference index, and period, with their covariance over the polygon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lattice {
    reference: i64,
    phase: f64,
    period: f64,
    var_phase: f64,
    var_period: f64,
    covariance: f64,
    /// Half-width of what single updates stray from the lattice.
    pub(super) stray: f64,
}

/// Half-planes `phase + steps × period ≤ bound` clip the polygon; this many tries widen the brackets until it is not empty.
const WIDENINGS: u32 = 8;

/// No sensor updates exactly on time: brackets are taken this much wider, in periods, from the start, and twice as much
/// at each further try. A lattice through brackets that just about allow one would be known far too well.
const LEAST_STRAY: f64 = 0.002;

/// The true period is within this share of the nominal one.
const PERIOD_SHARE: f64 = 0.25;

impl Lattice {
    /// The lattice of some updates; `None` when no lattice meets them, or there are none.
    pub(super) fn of(updates: &[Update], nominal: f64) -> Option<Self> {
        let reference = updates.get(updates.len() / 2)?.index;
        let tried = |attempt| LEAST_STRAY * nominal * f64::from(1u32 << attempt);
        if let Some(lattice) = Self::within(updates, nominal, reference, tried(0)) {
            return Some(lattice);
        }
        let attempt = (1..WIDENINGS).find(|&attempt| Self::within(updates, nominal, reference, tried(attempt)).is_some())?;
        // What just about meets all brackets is not all that can: a little more room holds the truth.
        Self::within(updates, nominal, reference, tried(attempt + 1))
    }

    fn within(updates: &[Update], nominal: f64, reference: i64, stray: f64) -> Option<Self> {
        let middle = updates.iter().find(|update| update.index == reference)?;
        let (low, high) = (middle.earliest - stray, middle.latest + stray);
        let (short, long) = (nominal * (1.0 - PERIOD_SHARE), nominal * (1.0 + PERIOD_SHARE));
        let mut polygon = vec![(low, short), (high, short), (high, long), (low, long)];
        let mut scratch = Vec::with_capacity(16);
        for update in updates {
            let steps = steps(update.index - reference);
            clip(&mut polygon, &mut scratch, steps, update.latest + stray);
            // phase + steps × period ≥ earliest, with both signs turned.
            clip_below(&mut polygon, &mut scratch, steps, update.earliest - stray);
            if polygon.len() < 3 {
                return None;
            }
        }
        Some(Self { reference, stray, ..moments(&polygon)? })
    }

    /// When the update of an index came.
    pub(super) fn time(&self, index: i64) -> f64 {
        self.phase + steps(index - self.reference) * self.period
    }

    /// Variance of Σ weight × time(index).
    pub(super) fn variance(&self, weights: &[(f64, i64)]) -> f64 {
        let on_phase: f64 = weights.iter().map(|&(weight, _)| weight).sum();
        let on_period: f64 = weights.iter().map(|&(weight, index)| weight * steps(index - self.reference)).sum::<f64>();
        on_phase * on_phase * self.var_phase + 2.0 * on_phase * on_period * self.covariance + on_period * on_period * self.var_period
    }
}

fn steps(difference: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a session holds far fewer than 2^52 periods")]
    let steps = difference as f64;
    steps
}

/// Keeps the part of the polygon where x + steps × y ≤ bound (Sutherland–Hodgman).
fn clip(polygon: &mut Vec<(f64, f64)>, scratch: &mut Vec<(f64, f64)>, steps: f64, bound: f64) {
    cut(polygon, scratch, |(x, y)| bound - x - steps * y);
}

fn clip_below(polygon: &mut Vec<(f64, f64)>, scratch: &mut Vec<(f64, f64)>, steps: f64, bound: f64) {
    cut(polygon, scratch, |(x, y)| x + steps * y - bound);
}

fn cut(polygon: &mut Vec<(f64, f64)>, scratch: &mut Vec<(f64, f64)>, inside: impl Fn((f64, f64)) -> f64) {
    if polygon.iter().all(|&corner| inside(corner) >= 0.0) {
        return;
    }
    scratch.clear();
    for (position, &corner) in polygon.iter().enumerate() {
        let next = polygon[(position + 1) % polygon.len()];
        let (here, there) = (inside(corner), inside(next));
        if here >= 0.0 {
            scratch.push(corner);
        }
        if (here > 0.0 && there < 0.0) || (here < 0.0 && there > 0.0) {
            let share = here / (here - there);
            scratch.push((corner.0 + share * (next.0 - corner.0), corner.1 + share * (next.1 - corner.1)));
        }
    }
    std::mem::swap(polygon, scratch);
}

/// Centroid and covariance of a polygon, by triangles around its first corner; `None` when it has no area to speak of.
fn moments(polygon: &[(f64, f64)]) -> Option<Lattice> {
    let origin = *polygon.first()?;
    let (mut area, mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for pair in polygon[1..].windows(2) {
        let a = (pair[0].0 - origin.0, pair[0].1 - origin.1);
        let b = (pair[1].0 - origin.0, pair[1].1 - origin.1);
        let twice = a.0 * b.1 - a.1 * b.0;
        area += twice / 2.0;
        x += twice * (a.0 + b.0) / 6.0;
        y += twice * (a.1 + b.1) / 6.0;
        xx += twice * (a.0 * a.0 + a.0 * b.0 + b.0 * b.0) / 12.0;
        yy += twice * (a.1 * a.1 + a.1 * b.1 + b.1 * b.1) / 12.0;
        xy += twice * (2.0 * a.0 * a.1 + a.0 * b.1 + b.0 * a.1 + 2.0 * b.0 * b.1) / 24.0;
    }
    // Brackets are never points, so a polygon without an area is what rounding left of an empty one.
    if area.abs() < 1e-24 {
        return None;
    }
    let (x, y) = (x / area, y / area);
    Some(Lattice {
        reference: 0,
        phase: origin.0 + x,
        period: origin.1 + y,
        var_phase: (xx / area - x * x).max(0.0),
        var_period: (yy / area - y * y).max(0.0),
        covariance: xy / area - x * y,
        stray: 0.0,
    })
}
