//! Energy by a device's counter ÷ energy by integrating one of its powers, over whole turns of the load.

use super::statistics::ratio_of_sums;
use super::trace::Trace;
use lem_domain::derive::Series;
use lem_domain::profile::Found;
use lem_domain::{TimeWindow, Timestamp, Uncertainty};

/// A counter and the power that it is held against, over the same steps.
pub(super) struct Paths<'a> {
    pub(super) counter: &'a Trace,
    pub(super) power: &'a Trace,
    /// How late each of them is, in seconds: both are brought to the time of the load.
    pub(super) counter_lag: f64,
    pub(super) power_lag: f64,
    /// What one step of the load may hide from the power, in joules: a sensor that is renewed less often than it averages
    /// over does not see when between two windows it came.
    pub(super) hidden: f64,
    /// Steps of the load.
    pub(super) n_steps: usize,
}

/// The ratio, with the uncertainty from its scatter between turns. `cuts` are instants, in seconds from the origin of the
/// traces, at which the load had been off for a while: what either path is still late by is least there.
pub(super) fn counter_ratio(paths: &Paths<'_>, cuts: &[f64]) -> Found<f64> {
    let counter = counted(paths.counter, paths.counter_lag);
    let power = shown(paths.power, paths.power_lag);
    let pieces: Vec<(f64, f64)> = cuts
        .windows(2)
        .filter_map(|cut| {
            let window = TimeWindow::new(instant(cut[0], 0.0)?, instant(cut[1], 0.0)?)?;
            Some((counter.difference(window)?, power.integral(window)?))
        })
        .collect();
    match ratio_of_sums(&pieces) {
        Some(found) => {
            // Hidden shares are uniform and independent, so that their variances add.

            let energy: f64 = pieces.iter().map(|(_, joules)| joules).sum();
            #[expect(clippy::cast_precision_loss, reason = "some dozen steps")]
            let hidden = Uncertainty::COVERAGE_FACTOR * paths.hidden * (paths.n_steps as f64 / 12.0).sqrt() / energy;
            Found::Value { value: found.value, half_width: found.half_width.hypot(found.value * hidden) }
        }
        None => Found::Unknown(format!("only {} turns of the load are covered by both", pieces.len())),
    }
}

/// What a counter shows holds at its updates and is late ever after.
fn counted(trace: &Trace, lag: f64) -> Series {
    let updates = trace.updates.iter().map(|update| (update.at, update.value));
    let points: Vec<(f64, f64)> = if trace.is_new_with_most_reads() { trace.reads.clone() } else { updates.collect() };
    Series::new(points.into_iter().filter_map(|(at, value)| Some((instant(at, lag)?, value))).collect())
}

/// What a power shows stands until it is renewed.
fn shown(trace: &Trace, lag: f64) -> Series {
    Series::new(trace.reads.iter().filter_map(|&(at, value)| Some((instant(at, lag)?, value))).collect())
}

/// Seconds from the origin, earlier by a lag, as an instant; an hour is added so that nothing lies before the clock's
/// origin.
fn instant(at: f64, lag: f64) -> Option<Timestamp> {
    const HOUR_S: f64 = 3_600.0;
    let since = std::time::Duration::try_from_secs_f64(at - lag + HOUR_S).ok()?;
    Some(Timestamp::default().after(since))
}
