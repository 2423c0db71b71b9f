//! Power as time passes, thinned so that every peak and every dip stays.

use crate::figure::boundary_name;
use lem_domain::derive::Series;
use lem_domain::sensor::{PowerMeaning, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, ThreadPower};
use lem_domain::{Boundary, TimeWindow, Timestamp};
use serde::Serialize;
use std::time::Duration;

/// The power of one device as one of its sensors tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct TraceView {
    /// What the device is called.
    pub device: String,
    /// The sensor's name below its device.
    pub sensor: String,
    /// What the power covers.
    #[serde(serialize_with = "boundary_name")]
    pub boundary: Option<Boundary>,
    /// How the power came about, in words.
    pub meaning: String,
    /// Seconds since the window opened; before it they are negative.
    pub at_s: Vec<f64>,
    /// Power at those instants, in watts.
    pub power_w: Vec<f64>,
    /// How many points there were; more than are here when they were thinned.
    pub n_points: usize,
}

/// How much of the time before and after the window is shown, of the window's length and at most in seconds.
const SURROUNDINGS: (f64, f64) = (0.1, 5.0);

/// One trace for each device and boundary, by the sensor that shows power best, in at most `most_points` points each.
pub(super) fn traces(meter: &SensorRecord, window: TimeWindow, most_points: usize) -> Vec<TraceView> {
    let mut chosen: Vec<usize> = Vec::new();
    for (index, sensor) in meter.sensors.iter().enumerate() {
        let Some(rank) = rank(sensor) else { continue };
        let same = |&&other: &&usize| meter.sensors[other].device == sensor.device && meter.sensors[other].boundary == sensor.boundary;
        match chosen.iter().find(same).copied() {
            None => chosen.push(index),
            Some(other) if super::trace::rank(&meter.sensors[other]).is_none_or(|known| rank < known) => {
                chosen.retain(|&kept| kept != other);
                chosen.push(index);
            }
            Some(_) => {}
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().filter_map(|index| trace(meter, index, window, most_points)).collect()
}

/// Which sensor of a device shows its power best: the lowest does; `None` for what shows none.
fn rank(sensor: &SensorDescriptor) -> Option<u8> {
    match sensor.kind {
        SensorKind::Power(PowerMeaning::Instant) => Some(0),
        SensorKind::EnergyCounter(_) => Some(1),
        SensorKind::Power(PowerMeaning::Averaged(_)) => Some(2),
        SensorKind::BusyTime(_) => Some(3),
        SensorKind::Gauge(_) => None,
    }
}

fn trace(meter: &SensorRecord, index: usize, window: TimeWindow, most_points: usize) -> Option<TraceView> {
    let sensor = &meter.sensors[index];
    let index = SensorIndex::of(index);
    let (share, most) = SURROUNDINGS;
    let around = Duration::from_secs_f64((window.span().get() * share).clamp(0.0, most));
    let shown = TimeWindow { start: window.start.before(around), end: window.end.after(around) };
    let samples = meter.samples.iter().filter(|sample| sample.sensor == index && sample.value.is_finite());
    let samples: Vec<(Timestamp, f64)> = samples.map(|sample| (sample.at, sample.value)).collect();
    let (points, meaning) = match sensor.kind {
        SensorKind::Power(PowerMeaning::Instant) => (Series::new(samples).points().to_vec(), "instantaneous power".to_owned()),
        SensorKind::Power(PowerMeaning::Averaged(over)) => {
            (Series::new(samples).points().to_vec(), format!("trailing mean over {:.3} s", over.as_secs_f64()))
        }
        SensorKind::EnergyCounter(range) => {
            (steps(Series::unwrapped(samples, range).points(), |joules| joules), "energy counter, mean between two updates".to_owned())
        }
        SensorKind::BusyTime(model) => {
            let ThreadPower { threads, idle, max } = model;
            let rate = |busy: f64| f64::from(threads) * idle.get() + (max.get() - idle.get()) * busy;
            (steps(Series::new(samples).points(), rate), "estimate from the processor's load".to_owned())
        }
        SensorKind::Gauge(_) => return None,
    };
    let points: Vec<(f64, f64)> =
        points.into_iter().filter(|&(at, _)| shown.contains(at)).map(|(at, power)| (at.since(window.start).get(), power)).collect();
    if points.is_empty() {
        return None;
    }
    let n_points = points.len();
    let (at_s, power_w) = thinned(points, most_points).into_iter().map(|(at, power)| (rounded(at, 1e5), rounded(power, 1e3))).unzip();
    let device = sensor.device_name.clone();
    Some(TraceView { device, sensor: sensor.name.clone(), boundary: Some(sensor.boundary), meaning, at_s, power_w, n_points })
}

/// The rate between two updates of a counter, at both ends of the stretch between them.
fn steps(counted: &[(Timestamp, f64)], power: impl Fn(f64) -> f64) -> Vec<(Timestamp, f64)> {
    let mut points = Vec::with_capacity(counted.len() * 2);
    let Some(&(mut since, mut value)) = counted.first() else { return points };
    for &(at, now) in &counted[1..] {
        // Reads between two updates repeat the value; the last of all closes the trace.
        if now.to_bits() == value.to_bits() && counted.last().is_none_or(|last| last.0 != at) {
            continue;
        }
        let seconds = at.since(since).get();
        if seconds > 0.0 {
            let rate = power((now - value) / seconds);
            points.push((since, rate));
            points.push((at, rate));
        }
        (since, value) = (at, now);
    }
    points
}

/// At most so many of the points: from each stretch of equal length the first, the lowest, the highest and the last, in the
/// order of time. All that are left are points that were there.
pub(super) fn thinned(points: Vec<(f64, f64)>, most: usize) -> Vec<(f64, f64)> {
    const KEPT_OF_EACH: usize = 4;
    let stretches = (most / KEPT_OF_EACH).max(1);
    if points.len() <= most {
        return points;
    }
    let (Some(&(start, _)), Some(&(end, _))) = (points.first(), points.last()) else { return points };
    let length = (end - start) / as_real(stretches);
    let mut kept = Vec::with_capacity(most);
    let mut rest = points.as_slice();
    for stretch in 1..=stretches {
        let until = start + as_real(stretch) * length;
        let inside = if stretch == stretches { rest.len() } else { rest.partition_point(|&(at, _)| at < until) };
        let (here, after) = rest.split_at(inside);
        rest = after;
        let by_power = |a: &usize, b: &usize| here[*a].1.total_cmp(&here[*b].1);
        let lowest = (0..here.len()).min_by(by_power);
        let highest = (0..here.len()).max_by(by_power);
        let mut places: Vec<usize> =
            [here.len().checked_sub(1).map(|_| 0), lowest, highest, here.len().checked_sub(1)].into_iter().flatten().collect();
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|place| here[place]));
    }
    kept
}

/// Rounded to what a screen can show; the record keeps all digits.
fn rounded(value: f64, per_unit: f64) -> f64 {
    (value * per_unit).round() / per_unit
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand stretches")]
fn as_real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extremes(points: &[(f64, f64)]) -> (f64, f64) {
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &(_, power)| (low.min(power), high.max(power)))
    }

    proptest! {
        #[test]
        fn thinning_keeps_every_extreme_the_order_and_the_ends(values in prop::collection::vec(-1e3..1e3f64, 1..2_000), most in 8usize..400) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(place, &value)| (as_real(place), value)).collect();
            let kept = thinned(points.clone(), most);
            prop_assert!(kept.len() <= most.max(4));
            prop_assert_eq!(extremes(&kept), extremes(&points));
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(kept.iter().all(|point| points.contains(point)));
        }
    }

    #[test]
    fn a_counter_shows_the_power_between_its_updates() {
        let at = |millis: u64| Timestamp::from_nanos(millis * 1_000_000);
        let counted = [(at(0), 10.0), (at(50), 10.0), (at(100), 15.0), (at(150), 15.0), (at(200), 16.0)];
        let power: Vec<f64> = steps(&counted, |joules| joules).into_iter().map(|(_, power)| power).collect();
        assert_eq!(power, [50.0, 50.0, 10.0, 10.0]);
    }
}
