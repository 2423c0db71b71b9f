//! The figures of a sensor, in the order of the table.

use super::number;
use lem_domain::profile::{Found, SensorProfile};
use lem_domain::units::Watts;
use std::time::Duration;

/// One figure.
pub(super) struct Figure {
    pub(super) name: &'static str,
    /// Value and half-width, in the figure's own unit; `None` when it was not found.
    pub(super) found: Option<(f64, f64)>,
    /// As it is shown, or why there is none.
    pub(super) shown: Result<String, String>,
}

/// All of a sensor. A sensor has one idle state here: the one before any load.
pub(super) fn figures(sensor: &SensorProfile) -> [Figure; 7] {
    // Which of the two a step is in follows from what the sensor has: a counter has no ratio to itself.
    let idle = sensor.idle.first().map_or_else(|| Found::Unknown("it was not watched".to_owned()), |(_, power)| power.clone());
    [
        duration("update period", &sensor.update_period),
        duration("averaging window", &sensor.averaging_window),
        duration("lag", &sensor.lag),
        figure("step", &sensor.resolution, |step| step, |step, _| number::with_unit(step, "")),
        duration("read latency", &sensor.read_latency),
        figure(
            "counter ratio",
            &sensor.counter_ratio,
            |ratio| ratio,
            |ratio, half| number::with_uncertainty(ratio, half, "").trim_end().to_owned(),
        ),
        figure("idle power", &idle, Watts::get, |watts, half| number::with_uncertainty(watts, half, "W")),
    ]
}

fn duration(name: &'static str, found: &Found<Duration>) -> Figure {
    figure(
        name,
        found,
        |duration| duration.as_secs_f64(),
        |seconds, half| {
            /// Below this a duration reads better in microseconds.
            const MICROSECONDS_BELOW_S: f64 = 1e-3;
            if seconds.abs().max(half) < MICROSECONDS_BELOW_S {
                number::with_uncertainty(seconds * 1e6, half * 1e6, "µs")
            } else {
                number::with_uncertainty(seconds * 1e3, half * 1e3, "ms")
            }
        },
    )
}

fn figure<T: Copy>(name: &'static str, found: &Found<T>, plain: impl Fn(T) -> f64, shown: impl Fn(f64, f64) -> String) -> Figure {
    match found {
        Found::Value { value, half_width } => {
            let (value, half_width) = (plain(*value), plain(*half_width));
            Figure { name, found: Some((value, half_width)), shown: Ok(shown(value, half_width)) }
        }
        Found::Unknown(reason) => Figure { name, found: None, shown: Err(reason.clone()) },
    }
}
