//! Boards of one kind share a profile: what was found of each, as one.

use super::reason;
use crate::calibrate::period::duration;
use lem_domain::idle::IdleState;
use lem_domain::profile::{Found, SensorProfile};
use lem_domain::units::Watts;
use std::time::Duration;

/// The sensors of several boards of one kind as those of one, in the order of the first board that has them.
pub(super) fn together(boards: Vec<Vec<SensorProfile>>) -> Vec<SensorProfile> {
    let mut by_name: Vec<Vec<SensorProfile>> = Vec::new();
    for sensor in boards.into_iter().flatten() {
        match by_name.iter_mut().find(|known| known[0].sensor == sensor.sensor) {
            Some(known) => known.push(sensor),
            None => by_name.push(vec![sensor]),
        }
    }
    let seconds = |durations: Vec<&Found<Duration>>| {
        let figures = durations.into_iter().map(|found| map(found, |duration| duration.as_secs_f64())).collect::<Vec<_>>();
        map(&hull(&figures), duration)
    };
    let one = |same: Vec<SensorProfile>| SensorProfile {
        sensor: same[0].sensor.clone(),
        update_period: seconds(same.iter().map(|sensor| &sensor.update_period).collect()),
        averaging_window: seconds(same.iter().map(|sensor| &sensor.averaging_window).collect()),
        lag: seconds(same.iter().map(|sensor| &sensor.lag).collect()),
        resolution: hull(&same.iter().map(|sensor| sensor.resolution.clone()).collect::<Vec<_>>()),
        read_latency: seconds(same.iter().map(|sensor| &sensor.read_latency).collect()),
        counter_ratio: hull(&same.iter().map(|sensor| sensor.counter_ratio.clone()).collect::<Vec<_>>()),
        idle: idle_together(&same),
    };
    by_name.into_iter().map(one).collect()
}

fn idle_together(same: &[SensorProfile]) -> Vec<(IdleState, Found<Watts>)> {
    let state = |state| {
        let powers = same.iter().flat_map(|sensor| &sensor.idle).filter(|(other, _)| *other == state);
        let watts: Vec<_> = powers.map(|(_, power)| map(power, Watts::get)).collect();
        (state, map(&hull(&watts), Watts::new))
    };
    same[0].idle.iter().map(|(one, _)| state(*one)).collect()
}

fn map<T: Copy, U>(found: &Found<T>, to: impl Fn(T) -> U) -> Found<U> {
    match found {
        Found::Value { value, half_width } => Found::Value { value: to(*value), half_width: to(*half_width) },
        Found::Unknown(reason) => Found::Unknown(reason.clone()),
    }
}

/// The middle of several intervals, as wide as to hold all of them; the first reason when there is none.
fn hull(found: &[Found<f64>]) -> Found<f64> {
    let known = found.iter().filter_map(|found| match found {
        Found::Value { value, half_width } => Some((value - half_width, value + half_width)),
        Found::Unknown(_) => None,
    });
    match known.reduce(|hull, other| (hull.0.min(other.0), hull.1.max(other.1))) {
        Some((low, high)) => Found::Value { value: f64::midpoint(low, high), half_width: (high - low) / 2.0 },
        None => Found::Unknown(found.iter().find_map(reason).unwrap_or("it was not read").to_owned()),
    }
}
