//! Everything said of the energy of a run (MEASUREMENT.md §4).

use super::rates::UNCOUNTED;
use super::requests::{RequestCounts, TokenTotals};
use crate::derive::cycle::{Cycle, involved};
use crate::derive::energy::{EnergyReading, best_by_device, headline, mean_power, pooled, precise_enough};
use crate::derive::energy_findings::no_sensor;
use crate::derive::gauges::{GaugeSummary, gauges, pooled_gauges};
use crate::derive::idle::{Gross, IdleReading, MarginalEnergy, idle_of_cycles, marginal};
use crate::derive::impact::{Impact, impact};
use crate::derive::paths::{PathPair, PathRatio, path_pairs};
use crate::quantity::Quantity;
use crate::record::{HostRecord, ProcessRecord};
use crate::sensor::SensorDescriptor;
use crate::units::{Joules, JoulesPerRequest, JoulesPerToken, Requests, Seconds, TokensPerJoule, Unit, Watts};

/// Energy of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct EnergySummary {
    /// Gross energy of the window: the headline.
    pub total: Quantity<Joules>,
    /// While only prefill ran.
    pub prefill: Quantity<Joules>,
    /// While only decode ran.
    pub decode: Quantity<Joules>,
    /// Energy ÷ window.
    pub mean_power: Quantity<Watts>,
    /// Energy ÷ output tokens.
    pub per_output_token: Quantity<JoulesPerToken>,
    /// Energy ÷ completed requests.
    pub per_request: Quantity<JoulesPerRequest>,
    /// Output tokens ÷ energy.
    pub tokens_per_joule: Quantity<TokensPerJoule>,
    /// Every sensor's own reading.
    pub readings: Vec<EnergyReading>,
    /// How sensors of one device and boundary compare.
    pub paths: Vec<PathRatio>,
    /// Idle power by state and sensor.
    pub idle: Vec<IdleReading>,
    /// Energy beyond that of each idle state; secondary to `total`.
    pub marginal: Vec<MarginalEnergy>,
    /// Carbon and cost.
    pub impact: Impact,
    /// Gauges over the window.
    pub gauges: Vec<GaugeSummary>,
}

pub(super) fn energy(cycles: &[Cycle<'_>], window: Option<Seconds>, tokens: &TokenTotals, requests: &RequestCounts) -> EnergySummary {
    let readings = readings(cycles);
    let sensors = sensors(cycles);
    let processes: Vec<&ProcessRecord> = cycles.iter().flat_map(|cycle| &cycle.record.processes).collect();
    let involved = involved(&readings, &processes);
    let whole = |pick: fn(&EnergyReading) -> &Quantity<Joules>| {
        if involved.is_empty() { Quantity::unavailable(why_no_energy(cycles, window, &readings)) } else { headline(&involved, pick) }
    };
    let span = window.unwrap_or_default();
    // What was asked for is the same in every cycle.
    let nothing_asked = HostRecord::default();
    let host = cycles.first().map_or(&nothing_asked, |cycle| &cycle.record.host);
    let total = whole(|reading| &reading.energy);
    let best = total.boundary().map(|boundary| best_by_device(&involved, boundary, |reading| &reading.energy)).unwrap_or_default();
    let total = precise_enough(total, &best, host.asked_precision, span);
    let completed = Requests::new(requests.completed);
    let counted = |tokens: &TokenTotals| tokens.uncounted_requests == 0;
    let no_tokens = if counted(tokens) { "no output token in the window" } else { UNCOUNTED };
    let tokens_per_joule = match (total.value(), total.uncertainty()) {
        (Some(_), _) if !counted(tokens) => Quantity::unavailable(UNCOUNTED),
        (Some(joules), uncertainty) => {
            // To first order the relative uncertainty of an inverse is that of the value.
            let factor = tokens.output.value() / joules.get().powi(2);
            let inverse =
                total.per(1.0, |joules| TokensPerJoule::of(tokens.output, joules), "output tokens ÷ energy", "no positive energy");
            uncertainty.map_or(inverse.clone(), |uncertainty| inverse.with_uncertainty(uncertainty.scaled(factor)))
        }
        (None, _) => total.per(1.0, |_| None, "output tokens ÷ energy", "no energy"),
    };
    let idle = idle_of_cycles(cycles.iter().map(|cycle| &cycle.record.host));
    let gross = Gross { total: &total, readings: &involved, span, output: tokens.output };
    EnergySummary {
        prefill: whole(|reading| &reading.prefill),
        decode: whole(|reading| &reading.decode),
        mean_power: mean_power(&total, span),
        per_output_token: total.per(
            tokens.output.value(),
            |joules| JoulesPerToken::of(joules, tokens.output).filter(|_| counted(tokens)),
            "energy ÷ output tokens",
            no_tokens,
        ),
        per_request: total.per(
            completed.value(),
            |joules| JoulesPerRequest::of(joules, completed),
            "energy ÷ completed requests",
            "no completed request",
        ),
        tokens_per_joule,
        paths: path_pairs(&sensors, &readings).iter().filter_map(PathPair::ratio).collect(),
        marginal: marginal(&gross, &idle),
        idle,
        impact: impact(&total, &host.multipliers),
        gauges: pooled_gauges(cycles.iter().filter_map(|cycle| Some(gauges(&cycle.record.host.meter, cycle.window?)))),
        total,
        readings,
    }
}

/// Every sensor's reading over the windows of all cycles. A cycle that opened none has nothing to be read.
pub(super) fn readings(cycles: &[Cycle<'_>]) -> Vec<EnergyReading> {
    let of_windows: Vec<&[EnergyReading]> =
        cycles.iter().filter(|cycle| cycle.window.is_some()).map(|cycle| cycle.readings.as_slice()).collect();
    pooled(&of_windows)
}

/// Every sensor that any cycle read.
pub(super) fn sensors(cycles: &[Cycle<'_>]) -> Vec<SensorDescriptor> {
    let mut sensors: Vec<SensorDescriptor> = Vec::new();
    for sensor in cycles.iter().flat_map(|cycle| &cycle.record.host.meter.sensors) {
        if !sensors.iter().any(|known| known.device == sensor.device && known.name == sensor.name) {
            sensors.push(sensor.clone());
        }
    }
    sensors
}

fn why_no_energy(cycles: &[Cycle<'_>], window: Option<Seconds>, readings: &[EnergyReading]) -> String {
    if window.is_none() {
        return "no measured window".to_owned();
    }
    if !readings.is_empty() {
        return "the model ran on the processor, and only accelerators were read".to_owned();
    }
    no_sensor(cycles.first().map_or(&[], |cycle| &cycle.record.host.meter.sources))
}
