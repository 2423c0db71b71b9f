//! What a reader must know: recorded findings first, derived ones after.

use super::energy::{EnergySummary, sensors};
use super::requests::{RequestCounts, TokenTotals};
use crate::derive::arithmetic::ArithmeticSummary;
use crate::derive::cycle::Cycle;
use crate::derive::energy_findings::{Subject, of_sampling, of_total};
use crate::derive::gauges::{throttle_findings, throttling};
use crate::derive::load::LoadSummary;
use crate::derive::paths::{PathPair, path_pairs};
use crate::finding::{Finding, FindingCode, Severity};
use crate::sensor::SamplerCost;
use crate::units::Unit;

pub(super) fn findings(
    cycles: &[Cycle<'_>],
    requests: &RequestCounts,
    tokens: &TokenTotals,
    energy: &EnergySummary,
    arithmetic: &ArithmeticSummary,
    load: &LoadSummary,
) -> Vec<Finding> {
    let mut findings = recorded(cycles);
    findings.extend(missing_processes(cycles));
    findings.extend(request_findings(requests, tokens, load));
    let sensors = sensors(cycles);
    findings.extend(of_total(&energy.total, &energy.readings, &sensors, Subject::Experiment));
    findings.extend(path_pairs(&sensors, &energy.readings).iter().filter_map(PathPair::disagreement));
    findings.extend(throttle_findings(cycles.iter().filter_map(|cycle| Some(throttling(&cycle.record.host.meter, cycle.window?)))));
    findings.extend(of_sampling(&cycles.iter().map(|cycle| cycle.record.host.meter.cost).fold(SamplerCost::default(), both)));
    findings.extend(short_count(arithmetic));
    if let (Some(executed), false) = (arithmetic.executed.value(), arithmetic.waste.is_empty()) {
        let wasted: f64 = arithmetic.waste.iter().map(|waste| waste.flops.value()).sum();
        let names: Vec<_> = arithmetic.waste.iter().map(|waste| waste.name).collect();
        findings.push(Finding::new(
            FindingCode::ArithmeticWaste,
            Severity::Info,
            format!("{:.1} % of the executed arithmetic was not needed: {}", 100.0 * wasted / executed.value(), names.join(", ")),
        ));
    }
    findings
}

/// What processes wrote down; what several cycles say in the same words stands once.
fn recorded(cycles: &[Cycle<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for finding in cycles.iter().flat_map(|cycle| &cycle.record.processes).flat_map(|process| &process.findings) {
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    findings
}

fn missing_processes(cycles: &[Cycle<'_>]) -> Option<Finding> {
    let missing = cycles.iter().enumerate().find_map(|(index, cycle)| {
        let found = cycle.record.processes.len();
        let expected = cycle.record.processes.iter().map(|process| process.expected_processes).max().unwrap_or(0);
        (found < usize::try_from(expected).unwrap_or(usize::MAX)).then_some((index, found, expected))
    });
    missing.map(|(index, found, expected)| {
        let of_cycle = if cycles.len() > 1 { format!(" of cycle {index}") } else { String::new() };
        let message = format!("{found} of {expected} processes{of_cycle} left a record; figures cover those alone");
        Finding::new(FindingCode::ProcessesMissing, Severity::Error, message)
    })
}

/// Ticks of two sessions; quantiles of them cannot be added, and none is asked for.
fn both(a: SamplerCost, b: SamplerCost) -> SamplerCost {
    SamplerCost { ticks: a.ticks + b.ticks, missed_ticks: a.missed_ticks + b.missed_ticks, ..SamplerCost::default() }
}

fn short_count(arithmetic: &ArithmeticSummary) -> Option<Finding> {
    let (executed, model) = (arithmetic.executed.value()?, arithmetic.model.value()?);
    (executed < model).then(|| {
        let message = format!("the engine counted {} FLOPs, and its model needs {} for these tokens", executed.get(), model.get());
        Finding::new(FindingCode::ArithmeticShort, Severity::Error, message)
            .with_hint("report it: the engine, or the model's shape, is wrong")
    })
}

fn request_findings(requests: &RequestCounts, tokens: &TokenTotals, load: &LoadSummary) -> Vec<Finding> {
    let mut findings = Vec::new();
    if requests.failed > 0 {
        findings.push(Finding::new(FindingCode::RequestsFailed, Severity::Error, failed(requests.failed, load)));
    }
    if requests.interrupted > 0 {
        findings.push(Finding::new(
            FindingCode::Interrupted,
            Severity::Error,
            format!("the run was interrupted: {} requests did not finish", requests.interrupted),
        ));
    }
    if tokens.truncated_prompts > 0 {
        findings.push(
            Finding::new(
                FindingCode::PromptsTruncated,
                Severity::Warning,
                format!("prompts cut to the input limit: {}", tokens.truncated_prompts),
            )
            .with_hint("raise `max_input_tokens` to run them whole"),
        );
    }
    findings
}

/// How many failed, and of what, where that is known.
fn failed(count: u64, load: &LoadSummary) -> String {
    let kinds: Vec<_> = load.failures.iter().map(|(failure, count)| format!("{count} {}", failure.as_str())).collect();
    if kinds.is_empty() { format!("{count} requests failed") } else { format!("{count} requests failed: {}", kinds.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::{Grade, Quantity};
    use crate::units::Flops;

    fn counted(model: u128, executed: u128) -> Option<FindingCode> {
        let of = |flops| Quantity::present(Flops::new(flops), Grade::Derived, "test");
        let arithmetic = ArithmeticSummary {
            model: of(model),
            model_parts: None,
            executed: of(executed),
            waste: Vec::new(),
            rate: Quantity::unavailable("no window"),
        };
        short_count(&arithmetic).map(|finding| finding.code)
    }

    #[test]
    fn a_count_below_what_the_model_needs_is_no_figure() {
        assert_eq!(counted(100, 99), Some(FindingCode::ArithmeticShort));
        assert_eq!(counted(100, 100), None);
        assert_eq!(counted(100, 140), None);
    }
}
