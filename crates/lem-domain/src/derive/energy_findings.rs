//! What a reader must know of an energy.

use super::energy::{EnergyReading, best_by_device, stand_ins};
use crate::finding::{Finding, FindingCode, Severity};
use crate::quantity::{Grade, Quantity};
use crate::sensor::{SamplerCost, SensorDescriptor, SensorKind, SourceStatus, SourceVerdict};
use crate::units::Joules;

/// More than this share of missed ticks is a finding.
const MISSED_TICK_TOLERANCE: f64 = 0.05;

/// Whose energy it is, which decides what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A run over prompts.
    Experiment,
    /// A program, or a stretch of time.
    Time,
}

/// What is to be said of a total: why it is missing or limited, that it is an estimate, which sensor stands in for another.
pub(super) fn of_total(
    total: &Quantity<Joules>,
    readings: &[EnergyReading],
    sensors: &[SensorDescriptor],
    subject: Subject,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Another sensor may have its own problem; it is not that of the total.
    let read = match total.boundary() {
        Some(boundary) => best_by_device(readings, boundary, |reading| &reading.energy),
        None => readings.iter().collect(),
    };
    let problem = read.iter().find_map(|reading| reading.problem);
    if let Some(reason) = total.absence() {
        let code = problem.unwrap_or(FindingCode::EnergyUnavailable);
        findings.push(with_remedy(Finding::new(code, Severity::Error, reason.to_owned()), subject));
    } else if total.grade() == Grade::Estimated {
        let rows: Vec<_> = sensors
            .iter()
            .filter(|sensor| matches!(sensor.kind, SensorKind::BusyTime(_)))
            .map(|sensor| sensor.gain.source.as_str())
            .collect();
        findings.push(
            Finding::new(
                FindingCode::EnergyEstimated,
                Severity::Warning,
                format!("energy is an estimate from processor load, not a measurement ({})", rows.join("; ")),
            )
            .with_hint("a readable sensor would be used instead; `--require measured` refuses estimates"),
        );
    }
    if let (Some(reason), Some(_)) = (total.validity().reason(), total.value()) {
        let code = problem.unwrap_or(FindingCode::PrecisionNotReached);
        findings.push(with_remedy(Finding::new(code, Severity::Warning, reason.to_owned()), subject));
    }
    findings.extend(stand_ins(readings, total.boundary()));
    findings
}

/// What is to be said when the sampler missed many ticks.
pub(super) fn of_sampling(cost: &SamplerCost) -> Option<Finding> {
    #[expect(clippy::cast_precision_loss, reason = "ticks stay far below 2^53")]
    let missed = cost.missed_ticks as f64 / (cost.ticks.max(1)) as f64;
    (missed > MISSED_TICK_TOLERANCE).then(|| {
        Finding::new(
            FindingCode::SamplesMissed,
            Severity::Warning,
            format!("the sampler missed {} of {} ticks", cost.missed_ticks, cost.ticks),
        )
    })
}

/// Why there is no sensor, as far as the sources say.
pub(super) fn no_sensor(sources: &[SourceVerdict]) -> String {
    let silent = sources.iter().filter(|verdict| verdict.status != SourceStatus::Works);
    let reasons: Vec<String> = silent.map(ToString::to_string).collect();
    if reasons.is_empty() { "no energy sensor was read".to_owned() } else { format!("no energy sensor was read ({})", reasons.join("; ")) }
}

/// The same finding with what to try next, where something helps.
fn with_remedy(finding: Finding, subject: Subject) -> Finding {
    match (finding.code, subject) {
        (FindingCode::WindowTooShort | FindingCode::PrecisionNotReached, Subject::Experiment) => {
            finding.with_hint("run more prompts, or longer outputs")
        }
        (FindingCode::WindowTooShort | FindingCode::PrecisionNotReached, Subject::Time) => {
            finding.with_hint("measure for longer: let the program do the same work many times")
        }
        (FindingCode::CounterReset, _) => finding.with_hint("the driver or the machine was reset; run again"),
        (FindingCode::SensorStuck, _) => {
            finding.with_hint("reset the device or its driver, and run again; `energy.backend` can leave its source out")
        }
        (FindingCode::SensorAliased, _) => {
            finding.with_hint("a counter of the same device misses nothing; `energy.backend` can choose its source")
        }
        (FindingCode::SensorLost, _) => finding.with_hint("look at the driver's log, and run again"),
        (FindingCode::EnergyUnavailable, Subject::Experiment) => {
            finding.with_hint("`--set energy.backend=estimate` estimates it from processor load")
        }
        (FindingCode::EnergyUnavailable, Subject::Time) => finding.with_hint("`--backend estimate` estimates it from processor load"),
        _ => finding,
    }
}
