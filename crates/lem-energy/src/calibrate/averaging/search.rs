//! The window and the lag that leave the least squares, and how far either may be off.

use super::fit::Fit;
use super::points::Point;
use crate::calibrate::recorded::Switching;

/// A window and a lag, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Optimum {
    pub(super) lag: f64,
    pub(super) window: f64,
    squares: f64,
}

/// The values of one figure that the data allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Region {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Whether it reaches the end of what was looked at.
    pub(super) is_open: bool,
}

impl Region {
    /// The middle.
    pub(super) fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// What the data allow of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Allowed {
    pub(super) lag: Region,
    pub(super) window: Region,
}

/// What is looked at: no sensor that is known averages over more than a second or answers later than one. A little before
/// zero, because times are not exact.
const LONGEST_WINDOW_S: f64 = 2.5;
const LONGEST_LAG_S: f64 = 2.5;
const EARLIEST_S: f64 = 0.05;

/// Mesh of the first look.
const MESH_WINDOW_S: f64 = 0.1;
const MESH_LAG_S: f64 = 0.05;

/// Points of the first look, and of the closer ones: more only cost time.
const ROUGH_POINTS: usize = 600;
const FINE_POINTS: usize = 1_500;

/// Squares of one figure's 95 % region, in units of the noise: the likelihood ratio of one degree of freedom
/// (Wilks 1938; its quantile is 3.84).
const RATIO: f64 = 4.0;

/// The first look, on a mesh, over points thinned evenly. `None` when there is nothing to explain.
pub(super) fn rough(points: &[Point], load: &Switching, is_counter: bool) -> Option<Optimum> {
    let fit = Fit::of(&thinned(points, ROUGH_POINTS), load, is_counter)?;
    let windows: Vec<f64> = if is_counter { vec![0.0] } else { mesh(0.0, LONGEST_WINDOW_S, MESH_WINDOW_S) };
    let lags = mesh(-EARLIEST_S, LONGEST_LAG_S, MESH_LAG_S);
    let tried = windows.iter().flat_map(|&window| lags.iter().filter(move |&&lag| lag >= earliest(window)).map(move |&lag| (lag, window)));
    tried.map(|(lag, window)| at(&fit, lag, window)).min_by(|a, b| a.squares.total_cmp(&b.squares))
}

/// The points that tell most, by what the first look found: those that may show a part of a step.
pub(super) fn telling(points: &[Point], load: &Switching, rough: &Optimum, period: Option<f64>) -> Vec<Point> {
    let reach = rough.window / 2.0 + MESH_WINDOW_S + 3.0 * period.unwrap_or(0.0).min(0.2);
    let edges: Vec<f64> = load.times().map(|edge| edge + rough.lag).collect();
    let near = |point: &&Point| {
        let next = edges.partition_point(|edge| *edge < point.at - reach);
        edges.get(next).is_some_and(|edge| *edge <= point.at + point.over + reach)
    };
    thinned(&points.iter().filter(near).copied().collect::<Vec<_>>(), FINE_POINTS)
}

/// Closes in on the least squares.
pub(super) fn fine(fit: &Fit<'_>, rough: &Optimum) -> Optimum {
    close_in(fit, *rough, MESH_LAG_S, MESH_WINDOW_S)
}

/// The least squares of a part of the data, near those of the whole.
pub(super) fn near(fit: &Fit<'_>, best: &Optimum, allowed: &Allowed) -> Optimum {
    /// Without an eighth of the data the optimum moves by less than this many half-widths.
    const REACH: f64 = 4.0;
    let reach = |region: Region| (REACH * (region.high - region.low)).max(2e-3);
    let (lag, window) = (allowed.lag.middle(), allowed.window.middle());
    let start = if allowed.lag.is_open || allowed.window.is_open { at(fit, best.lag, best.window) } else { at(fit, lag, window) };
    close_in(fit, start, reach(allowed.lag), reach(allowed.window))
}

/// What the data allow: where the least squares, with the other figure free, exceed those of the optimum by no more than
/// noise does.
#[expect(clippy::cast_precision_loss, reason = "a count of points")]
pub(super) fn region(fit: &Fit<'_>, best: &Optimum) -> Allowed {
    let noise = (best.squares / fit.len().saturating_sub(5).max(1) as f64).max(fit.rounding());
    let limit = best.squares + RATIO * noise;
    let over_window = |lag: f64| least(best.window, (lag - best.lag).abs(), 0.0, |window| at(fit, lag, window).squares);
    let over_lag = |window: f64| least(best.lag, (window - best.window).abs(), -EARLIEST_S, |lag| at(fit, lag, window).squares);
    Allowed {
        lag: reach(best.lag, (-EARLIEST_S, LONGEST_LAG_S), |lag| over_window(lag) <= limit),
        window: reach(best.window, (0.0, LONGEST_WINDOW_S), |window| over_lag(window) <= limit),
    }
}

fn at(fit: &Fit<'_>, lag: f64, window: f64) -> Optimum {
    Optimum { lag, window, squares: fit.score(lag, window).squares }
}

/// A mean over a window cannot show half of a step before half of the window has passed.
fn earliest(window: f64) -> f64 {
    window / 2.0 - EARLIEST_S
}

/// A mesh of nine by nine around the best so far, ever finer.
fn close_in(fit: &Fit<'_>, start: Optimum, lag_reach: f64, window_reach: f64) -> Optimum {
    const ROUNDS: u32 = 11;
    const SHRINK: f64 = 0.4;
    const HALF: i32 = 4;
    let (mut best, mut lag_reach, mut window_reach) = (start, lag_reach, window_reach);
    for _ in 0..ROUNDS {
        let centre = best;
        for row in -HALF..=HALF {
            let window = centre.window + window_reach * f64::from(row) / f64::from(HALF);
            for column in -HALF..=HALF {
                let lag = centre.lag + lag_reach * f64::from(column) / f64::from(HALF);
                if (0.0..=LONGEST_WINDOW_S).contains(&window) && lag >= earliest(window) {
                    let tried = at(fit, lag, window);
                    if tried.squares < best.squares {
                        best = tried;
                    }
                }
            }
        }
        (lag_reach, window_reach) = (lag_reach * SHRINK, window_reach * SHRINK);
    }
    best
}

/// The least of a function near a place that is best for a neighbour `off` away.
fn least(centre: f64, off: f64, lowest: f64, squares: impl Fn(f64) -> f64) -> f64 {
    const ROUNDS: u32 = 4;
    const HALF: i32 = 4;
    let (mut centre, mut reach) = (centre, 3.0 * off + 1e-3);
    let mut best = squares(centre);
    for _ in 0..ROUNDS {
        let around = centre;
        for column in -HALF..=HALF {
            let tried = around + reach * f64::from(column) / f64::from(HALF);
            if tried >= lowest {
                let found = squares(tried);
                if found < best {
                    (best, centre) = (found, tried);
                }
            }
        }
        reach /= f64::from(HALF);
    }
    best
}

/// How far a figure may go from its best value before it is no longer allowed.
fn reach(best: f64, within: (f64, f64), is_allowed: impl Fn(f64) -> bool) -> Region {
    const FIRST_S: f64 = 1e-4;
    const GROWTH: f64 = 1.6;
    const HALVINGS: u32 = 8;
    let side = |sign: f64, end: f64| {
        let (mut inside, mut step) = (best, FIRST_S);
        loop {
            let tried = best + sign * step;
            if sign * (tried - end) >= 0.0 {
                if is_allowed(end) {
                    return (end, true);
                }
                break bisected(inside, end, HALVINGS, &is_allowed);
            }
            if !is_allowed(tried) {
                break bisected(inside, tried, HALVINGS, &is_allowed);
            }
            (inside, step) = (tried, step * GROWTH);
        }
    };
    let ((low, _), (high, is_open)) = (side(-1.0, within.0), side(1.0, within.1));
    Region { low, high, is_open }
}

/// The edge between an allowed and a refused value, on the safe side.
fn bisected(allowed: f64, refused: f64, halvings: u32, is_allowed: impl Fn(f64) -> bool) -> (f64, bool) {
    let (mut allowed, mut refused) = (allowed, refused);
    for _ in 0..halvings {
        let middle = f64::midpoint(allowed, refused);
        if is_allowed(middle) { allowed = middle } else { refused = middle }
    }
    (refused, false)
}

fn mesh(from: f64, to: f64, step: f64) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen steps")]
    let n = ((to - from) / step).round() as u32;
    (0..=n).map(|index| from + f64::from(index) * step).collect()
}

fn thinned(points: &[Point], most: usize) -> Vec<Point> {
    points.iter().step_by(points.len().div_ceil(most).max(1)).copied().collect()
}
