//! Over what a power averages and how late a sensor is, from its answer to the steps of the load.
//!
//! The model: at an update the sensor shows base + drift × time + step × (mean of the load's state over the window, as it was
//! a delay before). Window and delay are those that leave the least squares over the whole trace.

mod fit;
mod points;
mod search;

use super::period::duration;
use super::recorded::Switching;
use super::statistics::jackknife_half_width;
use super::trace::Trace;
use fit::Fit;
use lem_domain::profile::Found;
use points::{Point, points};
use search::{Allowed, Optimum, Region};
use std::time::Duration;

/// How a sensor answers to the load.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Response {
    /// Length of the trailing mean.
    pub(super) window: Found<Duration>,
    /// From a step of the load to the sensor showing half of it, as of its updates.
    pub(super) lag: Found<Duration>,
    /// Power between off and on, in watts, where the load was seen.
    pub(super) step: Option<f64>,
}

/// What is known before the search.
pub(super) struct Known {
    /// A counter is no mean: only its delay is looked for.
    pub(super) is_counter: bool,
    /// Update period in seconds, where it was found.
    pub(super) period: Option<f64>,
    /// The longest that a switch of the load may have been off its time, in seconds.
    pub(super) slack: f64,
}

/// The trace is cut into so many stretches of some steps each; what the figures become without each tells their error.
const STRETCHES: usize = 8;

/// A step of so many standard errors was seen: far beyond what the best of a thousand windows and delays finds in noise,
/// even with the heavy tails of seven degrees of freedom.
const SEEN: f64 = 10.0;

/// Half of the interval for t with seven degrees of freedom is 2.365 standard errors.
const HALF_WIDTH_PER_ERROR: f64 = 2.365;

/// What is less well known than this is not known: later runs are better off with what the maker says.
const WORST_HALF_WIDTH_S: f64 = 0.5;

/// Why nothing is known that needs a step of the load.
pub(super) const NO_LOAD: &str = "no load went on and off";

const COUNTER_HAS_NO_WINDOW: &str = "a counter is no mean: it counts";

/// What is known without a load: nothing.
pub(super) fn without_load(is_counter: bool) -> Response {
    let window = if is_counter { COUNTER_HAS_NO_WINDOW } else { NO_LOAD };
    Response { window: Found::Unknown(window.to_owned()), lag: Found::Unknown(NO_LOAD.to_owned()), step: None }
}

impl Response {
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { window: Found::Unknown(reason.clone()), lag: Found::Unknown(reason), step: None }
    }
}

/// Finds window and lag.
pub(super) fn response(trace: &Trace, load: &Switching, known: &Known) -> Response {
    let all = points(trace, known);
    let Some(rough) = search::rough(&all, load, known.is_counter) else {
        return Response::unknown("its value stood still while the load went on and off");
    };
    let telling = search::telling(&all, load, &rough, known.period);
    let Some(fit) = Fit::of(&telling, load, known.is_counter) else {
        return Response::unknown("its value stood still while the load went on and off");
    };
    let best = search::fine(&fit, &rough);
    let replicates = without_each(&telling, load, known.is_counter);
    if let Some(reason) = unseen(&fit, &replicates, &best) {
        return Response::unknown(reason);
    }
    let region = search::region(&fit, &best);
    // A stretch may hold all that tells a window shorter than the update period; what is allowed without it is then wide,
    // and the middle of it far away.
    let around: Vec<Allowed> = replicates.iter().map(|fit| search::region(fit, &search::near(fit, &best, &region))).collect();
    let blur = trace.blur();
    let lags: Vec<f64> = around.iter().map(|allowed| allowed.lag.middle()).collect();
    let lag = figure(region.lag, &lags, blur / 2.0 + known.slack);
    let step = Some(fit.score(best.lag, best.window).step);
    if known.is_counter {
        return Response { window: Found::Unknown(COUNTER_HAS_NO_WINDOW.to_owned()), lag, step };
    }
    let windows: Vec<f64> = around.iter().map(|allowed| allowed.window.middle()).collect();
    Response { window: figure(region.window, &windows, blur + known.slack), lag, step }
}

/// The fits that leave out one stretch of the trace each.
fn without_each<'a>(points: &[Point], load: &'a Switching, is_counter: bool) -> Vec<Fit<'a>> {
    let length = points.len().div_ceil(STRETCHES).max(1);
    let stretch = |number: usize| {
        let kept = points.iter().enumerate().filter(|(position, _)| position / length != number);
        kept.map(|(_, point)| *point).collect::<Vec<_>>()
    };
    (0..STRETCHES).filter_map(|number| Fit::of(&stretch(number), load, is_counter)).collect()
}

/// Why the load was not seen; `None` when it was.
fn unseen(fit: &Fit<'_>, replicates: &[Fit<'_>], best: &Optimum) -> Option<String> {
    let steps: Vec<f64> = replicates.iter().map(|fit| fit.score(best.lag, best.window).step).collect();
    let step = fit.score(best.lag, best.window).step;
    let half_width = jackknife_half_width(&steps);
    let is_seen = step > 0.0 && half_width.is_finite() && step * HALF_WIDTH_PER_ERROR > SEEN * half_width;
    (!is_seen).then(|| format!("it did not see the load: {step:.2} ± {half_width:.2} W between off and on"))
}

/// The middle of what the data allow. It may be off by as much as they allow, by what it scatters between steps, and by what
/// is not known of the times themselves.
fn figure(region: Region, replicates: &[f64], blur: f64) -> Found<Duration> {
    let value = region.middle();
    let scatter = jackknife_half_width(replicates);
    let half_width = ((region.high - region.low) / 2.0).hypot(scatter) + blur;
    if region.is_open || half_width > WORST_HALF_WIDTH_S {
        return Found::Unknown(format!("the steps leave it open: {value:.2} ± {half_width:.2} s"));
    }
    // Nothing is shown before it happened: what lies below zero is error.
    Found::Value { value: duration(value), half_width: duration(half_width + (-value).max(0.0)) }
}
