//! Profiles of what was recorded: every figure of every sensor, boards of one kind together.

mod kinds;

use super::averaging::{self, Known, Response, response};
use super::counter_ratio::{Paths, counter_ratio};
use super::idle;
use super::latency::read_latency;
use super::period::update_period;
use super::quantisation::resolution;
use super::recorded::{LoadEdge, Recorded, StepRecord, Switching};
use super::trace::Trace;
use crate::survey::Device;
use kinds::together;
use lem_domain::Timestamp;
use lem_domain::profile::{BoardProfile, Found, ProfileKey, SensorProfile};
use lem_domain::sensor::{SensorDescriptor, SensorKind, SensorRecord};
use lem_domain::units::Watts;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// What a profile is labelled with.
#[derive(Clone, Debug)]
pub struct Label {
    /// When the calibration was made.
    pub at: SystemTime,
    /// Version of the tool.
    pub tool_version: String,
    /// The load in words; `None` without one.
    pub load: Option<String>,
}

/// A profile for every kind of board among the devices, in the order of their keys.
///
/// Boards with one key share a profile: a figure is then the middle of what was found of each, as wide as to hold all.
#[must_use]
pub fn analyse(recorded: &Recorded, devices: &[Device], label: &Label) -> Vec<BoardProfile> {
    let looked_at = LookedAt::new(recorded);
    let mut kinds: BTreeMap<&ProfileKey, Vec<&Device>> = BTreeMap::new();
    for device in devices {
        kinds.entry(&device.key).or_default().push(device);
    }
    let profile = |(key, boards): (&ProfileKey, Vec<&Device>)| {
        let found: Vec<Vec<SensorProfile>> = boards.iter().map(|board| looked_at.sensors_of(board)).collect();
        BoardProfile {
            key: key.clone(),
            at: label.at,
            tool_version: label.tool_version.clone(),
            load: label.load.clone(),
            sensors: together(found),
        }
    };
    kinds.into_iter().map(profile).collect()
}

/// The record, with what all sensors share.
struct LookedAt<'a> {
    recorded: &'a Recorded,
    idle: Vec<(&'a SensorDescriptor, Found<Watts>)>,
    load: Option<(&'a StepRecord, Timestamp, Switching)>,
}

/// What a sensor tells by itself, with what its ratio to another needs.
struct Alone {
    profile: SensorProfile,
    stepped: Option<Trace>,
    period_s: Option<f64>,
    step_w: Option<f64>,
}

/// What the records of dense reads and of steps hold of one sensor.
struct Traces {
    dense: Option<Trace>,
    stepped: Option<Trace>,
}

impl<'a> LookedAt<'a> {
    fn new(recorded: &'a Recorded) -> Self {
        let load = recorded.steps.as_ref().filter(|steps| !steps.edges.is_empty()).map(|steps| {
            let origin = steps.edges[0].at;
            (steps, origin, Switching::of(&steps.edges, origin))
        });
        Self { recorded, idle: idle::powers(recorded), load }
    }

    fn sensors_of(&self, device: &Device) -> Vec<SensorProfile> {
        let own: Vec<&SensorDescriptor> = device.sensors.iter().filter(|sensor| sensor.tells_energy()).collect();
        let mut found: Vec<Alone> = own.iter().map(|sensor| self.alone(sensor)).collect();
        for position in 0..found.len() {
            found[position].profile.counter_ratio = self.ratio(&own, &found, position);
        }
        found.into_iter().map(|alone| alone.profile).collect()
    }

    fn alone(&self, sensor: &SensorDescriptor) -> Alone {
        let traces = self.traces(sensor);
        let is_counter = matches!(sensor.kind, SensorKind::EnergyCounter(_));
        let both: Vec<&Trace> = [&traces.dense, &traces.stepped].into_iter().flatten().collect();
        let was_reset = both.iter().any(|trace| trace.was_reset);
        let never_changed = self.load.is_some() && !both.is_empty() && both.iter().all(|trace| trace.is_still());
        let (period, resolution) = (period(&both), resolution(&both, is_counter));
        let period_s = period.value().map(|period| period.as_secs_f64());
        let Response { window, lag, step } = self.response(&traces, is_counter, period_s);
        let idle = self.idle.iter().find(|(other, _)| is_same(other, sensor));
        let idle_power = idle.map_or_else(|| Found::Unknown("it was not read while idle".to_owned()), |(_, power)| power.clone());
        let read_latency = position(&self.recorded.usual, sensor).map_or_else(
            || Found::Unknown("it was not read while idle".to_owned()),
            |position| read_latency(&self.recorded.usual, position),
        );
        let mut profile = SensorProfile {
            sensor: sensor.name.clone(),
            update_period: period,
            averaging_window: window,
            lag,
            resolution,
            read_latency,
            counter_ratio: Found::Unknown(String::new()),
            idle: vec![(idle::state(sensor.boundary), idle_power)],
        };
        if was_reset {
            forget(&mut profile, "the counter was set back meanwhile");
        } else if never_changed {
            forget(&mut profile, "its value never changed, with the load on and off: it is stuck, or does not cover the load");
        }
        Alone { profile, stepped: traces.stepped, period_s, step_w: step }
    }

    fn traces(&self, sensor: &SensorDescriptor) -> Traces {
        let trace = |record: &SensorRecord, origin| position(record, sensor).map(|position| Trace::of(record, position, origin));
        let first = |record: &SensorRecord| record.samples.first().map(|sample| sample.at).unwrap_or_default();
        let dense = trace(&self.recorded.dense, first(&self.recorded.dense));
        let stepped = self.load.as_ref().and_then(|(steps, origin, _)| trace(&steps.meter, *origin));
        Traces { dense, stepped }
    }

    fn response(&self, traces: &Traces, is_counter: bool, period: Option<f64>) -> Response {
        let Some((steps, _, switching)) = &self.load else { return averaging::without_load(is_counter) };
        let Some(trace) = traces.stepped.as_ref().filter(|trace| !trace.reads.is_empty()) else {
            return Response::unknown("it gave no value while the load went on and off");
        };
        let slack = PROMPTNESS_S + steps.edges.iter().map(|edge: &LoadEdge| edge.slack).max().unwrap_or_default().as_secs_f64();
        response(trace, switching, &Known { is_counter, period, slack })
    }

    /// Counter ÷ integral, for a power beside which there is a counter.
    fn ratio(&self, own: &[&SensorDescriptor], found: &[Alone], of: usize) -> Found<f64> {
        let is_counter = |sensor: &SensorDescriptor| matches!(sensor.kind, SensorKind::EnergyCounter(_));
        if is_counter(own[of]) {
            return Found::Unknown("it is a counter itself".to_owned());
        }
        let counter = own.iter().position(|other| is_counter(other) && other.boundary == own[of].boundary);
        let Some(counter) = counter else { return Found::Unknown(format!("no counter beside it covers {}", own[of].boundary)) };
        let Some((steps, origin, _)) = &self.load else { return Found::Unknown(averaging::NO_LOAD.to_owned()) };
        let (above, below) = (&found[counter], &found[of]);
        let (Some(counter_lag), Some(power_lag)) = (above.profile.lag.value(), below.profile.lag.value()) else {
            let reason = [&above.profile.lag, &below.profile.lag].into_iter().find_map(reason).unwrap_or("one of the two has no lag");
            return Found::Unknown(format!("the two cannot be brought to one time: {reason}"));
        };
        let (Some(counter), Some(power)) = (&above.stepped, &below.stepped) else {
            return Found::Unknown("it gave no value while the load went on and off".to_owned());
        };
        // What is read stands until it is renewed; what is stamped is given at its renewals.
        let period_s = below.period_s.unwrap_or(0.0);
        let window_s = below.profile.averaging_window.value().map_or(0.0, |window| window.as_secs_f64());
        let paths = Paths {
            counter,
            power,
            counter_lag: counter_lag.as_secs_f64(),
            power_lag: power_lag.as_secs_f64() + if power.is_stamped { 0.0 } else { period_s / 2.0 },
            hidden: below.step_w.unwrap_or(0.0) * (period_s - window_s).max(0.0),
            n_steps: steps.edges.len(),
        };
        counter_ratio(&paths, &cuts(steps, *origin))
    }
}

/// Between the call that switches a load and its change lie a wake-up and whatever it had begun: so much is allowed for.
const PROMPTNESS_S: f64 = 1e-3;

/// The ends of times in which the load was off for a second at least; of all times in which it was off when these are few.
fn cuts(steps: &StepRecord, origin: Timestamp) -> Vec<f64> {
    const LONG_S: f64 = 1.0;
    const FEW: usize = 5;
    let long = cuts_after(steps, origin, LONG_S);
    if long.len() >= FEW { long } else { cuts_after(steps, origin, 0.0) }
}

fn cuts_after(steps: &StepRecord, origin: Timestamp, length_s: f64) -> Vec<f64> {
    let at = |edge: &LoadEdge| edge.at.since(origin).get();
    let mut cuts: Vec<f64> = steps.edges.first().filter(|edge| edge.is_on).map(at).into_iter().collect();
    for pair in steps.edges.windows(2).filter(|pair| pair[1].is_on && !pair[0].is_on) {
        if at(&pair[1]) - at(&pair[0]) >= length_s {
            cuts.push(at(&pair[1]));
        }
    }
    // After the last step the load stays off for longer than this.
    const AFTER_LAST_S: f64 = 1.0;
    cuts.extend(steps.edges.last().filter(|edge| !edge.is_on).map(|edge| at(edge) + AFTER_LAST_S));
    cuts
}

/// The better known of two periods: dense reads see fast updates, the longer record of the steps sees slow ones better.
fn period(traces: &[&Trace]) -> Found<Duration> {
    let found = traces.iter().map(|trace| update_period(trace));
    let better = |best: Found<Duration>, other: Found<Duration>| match (&best, &other) {
        (Found::Value { half_width: first, .. }, Found::Value { half_width: second, .. }) if second < first => other,
        (Found::Unknown(_), Found::Value { .. }) => other,
        _ => best,
    };
    found.reduce(better).unwrap_or_else(|| Found::Unknown("it was not read".to_owned()))
}

/// Nothing of what a value would tell is known.
fn forget(profile: &mut SensorProfile, why: &str) {
    profile.update_period = Found::Unknown(why.to_owned());
    profile.averaging_window = Found::Unknown(why.to_owned());
    profile.lag = Found::Unknown(why.to_owned());
    profile.resolution = Found::Unknown(why.to_owned());
    for (_, power) in &mut profile.idle {
        *power = Found::Unknown(why.to_owned());
    }
}

fn position(record: &SensorRecord, sensor: &SensorDescriptor) -> Option<usize> {
    record.sensors.iter().position(|other| is_same(other, sensor))
}

fn is_same(one: &SensorDescriptor, other: &SensorDescriptor) -> bool {
    one.device == other.device && one.name == other.name
}

fn reason<T>(found: &Found<T>) -> Option<&str> {
    match found {
        Found::Value { .. } => None,
        Found::Unknown(reason) => Some(reason),
    }
}
