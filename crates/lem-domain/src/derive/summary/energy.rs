//! Everything said of the energy of a run (MEASUREMENT.md §4).

use super::requests::{RequestCounts, TokenTotals};
use crate::derive::energy::{EnergyReading, best_by_device, headline, mean_power, precise_enough, read_energy};
use crate::derive::energy_findings::no_sensor;
use crate::derive::gauges::{GaugeSummary, gauges};
use crate::derive::idle::{Gross, IdleReading, MarginalEnergy, idle_readings, marginal};
use crate::derive::impact::{Impact, impact};
use crate::derive::paths::{PathPair, PathRatio, path_pairs};
use crate::derive::phases::Phases;
use crate::quantity::Quantity;
use crate::record::{ProcessRecord, RunRecord};
use crate::sensor::SensorRecord;
use crate::time::TimeWindow;
use crate::units::{Joules, JoulesPerRequest, JoulesPerToken, Requests, TokensPerJoule, Unit, Watts};

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

pub(super) fn energy(
    record: &RunRecord,
    window: Option<TimeWindow>,
    phases: &Phases,
    tokens: &TokenTotals,
    requests: &RequestCounts,
) -> EnergySummary {
    let host = &record.host;
    let readings = window.map(|window| read_energy(&host.meter, window, &phases.prefill, &phases.decode)).unwrap_or_default();
    let involved = involved(&readings, &record.processes);
    let whole = |pick: fn(&EnergyReading) -> &Quantity<Joules>| {
        if involved.is_empty() { Quantity::unavailable(why_no_energy(&host.meter, window, &readings)) } else { headline(&involved, pick) }
    };
    let span = window.map(TimeWindow::span).unwrap_or_default();
    let total = whole(|reading| &reading.energy);
    let best = total.boundary().map(|boundary| best_by_device(&involved, boundary, |reading| &reading.energy)).unwrap_or_default();
    let total = precise_enough(total, &best, host.asked_precision, span);
    let completed = Requests::new(requests.completed);
    let tokens_per_joule = match (total.value(), total.uncertainty()) {
        (Some(joules), uncertainty) => {
            // To first order the relative uncertainty of an inverse is that of the value.
            let factor = tokens.output.value() / joules.get().powi(2);
            let inverse =
                total.per(1.0, |joules| TokensPerJoule::of(tokens.output, joules), "output tokens ÷ energy", "no positive energy");
            uncertainty.map_or(inverse.clone(), |uncertainty| inverse.with_uncertainty(uncertainty.scaled(factor)))
        }
        (None, _) => total.per(1.0, |_| None, "output tokens ÷ energy", "no energy"),
    };
    let idle = idle_readings(host);
    let gross = Gross { total: &total, readings: &involved, span, output: tokens.output };
    EnergySummary {
        prefill: whole(|reading| &reading.prefill),
        decode: whole(|reading| &reading.decode),
        mean_power: mean_power(&total, span),
        per_output_token: total.per(
            tokens.output.value(),
            |joules| JoulesPerToken::of(joules, tokens.output),
            "energy ÷ output tokens",
            "no output token in the window",
        ),
        per_request: total.per(
            completed.value(),
            |joules| JoulesPerRequest::of(joules, completed),
            "energy ÷ completed requests",
            "no completed request",
        ),
        tokens_per_joule,
        paths: path_pairs(&host.meter.sensors, &readings).iter().filter_map(PathPair::ratio).collect(),
        marginal: marginal(&gross, &idle),
        idle,
        impact: impact(&total, &host.multipliers),
        gauges: window.map(|window| gauges(&host.meter, window)).unwrap_or_default(),
        total,
        readings,
    }
}

/// The readings that may be the headline. An accelerator beside an engine that runs on the processor only idles: its
/// energy stands among the readings and is not that of the run.
fn involved(readings: &[EnergyReading], processes: &[ProcessRecord]) -> Vec<EnergyReading> {
    let on_processor = !processes.is_empty() && processes.iter().all(|process| process.engine.ran_on_processor());
    readings.iter().filter(|reading| !(on_processor && reading.boundary.is_accelerator())).cloned().collect()
}

fn why_no_energy(host: &SensorRecord, window: Option<TimeWindow>, readings: &[EnergyReading]) -> String {
    if window.is_none() {
        return "no measured window".to_owned();
    }
    if !readings.is_empty() {
        return "the model ran on the processor, and only accelerators were read".to_owned();
    }
    no_sensor(&host.sources)
}
