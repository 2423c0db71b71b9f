//! Figures of the steady parts of all cycles, beside those of whole windows.

use super::rates::{UNCOUNTED, output_rate};
use super::requests::{TokenTotals, count_tokens};
use crate::derive::cycle::{Cycle, involved};
use crate::derive::energy::{EnergyReading, headline, mean_power, pooled, read_energy};
use crate::derive::load::{SteadyState, window_of};
use crate::quantity::Quantity;
use crate::record::ProcessRecord;
use crate::time::TimeWindow;
use crate::units::{JoulesPerToken, Seconds, Unit};

/// Pools them; there is one only where every cycle has one.
pub(super) fn steady(cycles: &[Cycle<'_>]) -> SteadyState {
    let found: Vec<_> = cycles.iter().map(|cycle| window_of(&cycle.record.processes, &cycle.timelines)).collect();
    let worst = found.iter().map(|&(rule, verdict, _)| (verdict, rule)).max_by_key(|&(verdict, _)| verdict);
    let Some((verdict, rule)) = worst else { return SteadyState::none() };
    let Some(windows) = found.iter().map(|&(.., window)| window).collect::<Option<Vec<_>>>() else {
        return SteadyState { rule, verdict, ..SteadyState::none() };
    };
    let of_cycle = |(cycle, &window): (&Cycle<'_>, &TimeWindow)| {
        read_energy(&cycle.record.host.meter, window, &cycle.phases.prefill, &cycle.phases.decode)
    };
    let readings: Vec<Vec<EnergyReading>> = cycles.iter().zip(&windows).map(of_cycle).collect();
    let readings = pooled(&readings.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let processes: Vec<&ProcessRecord> = cycles.iter().flat_map(|cycle| &cycle.record.processes).collect();
    let energy = headline(&involved(&readings, &processes), |reading| &reading.energy);
    let tokens: TokenTotals =
        cycles.iter().zip(&windows).map(|(cycle, &window)| count_tokens(&cycle.record.processes, &cycle.timelines, Some(window))).sum();
    let span: Seconds = windows.iter().map(|window| window.span()).sum();
    // Instants of different cycles cannot be compared, so that several have no common beginning.
    let edges = match (cycles, windows.as_slice()) {
        ([cycle], [window]) => cycle.window.map(|whole| (window.start.since(whole.start), window.end.since(whole.start))),
        _ => None,
    };
    let counted = tokens.uncounted_requests == 0;
    SteadyState {
        rule,
        verdict,
        span: Some(span),
        from: edges.map(|(from, _)| from),
        to: edges.map(|(_, to)| to),
        output: tokens.output,
        completed: cycles.iter().zip(&windows).map(|(cycle, &window)| completed(cycle, window)).sum(),
        throughput: output_rate(span, &tokens),
        mean_power: mean_power(&energy, span),
        per_output_token: energy.per(
            tokens.output.value(),
            |joules| JoulesPerToken::of(joules, tokens.output).filter(|_| counted),
            "energy ÷ output tokens",
            if counted { "no output token in the steady part" } else { UNCOUNTED },
        ),
        energy,
    }
}

fn completed(cycle: &Cycle<'_>, window: TimeWindow) -> u64 {
    let ended = cycle.timelines.iter().flatten().filter(|request| {
        request.finish.is_some_and(|finish| finish.is_success()) && request.ended.is_some_and(|ended| window.contains(ended))
    });
    ended.count() as u64
}

impl SteadyState {
    /// Of a run that has none.
    fn none() -> Self {
        const NONE: &str = "no steady part";
        Self {
            rule: crate::derive::load::SteadyRule::Unknown,
            verdict: crate::derive::load::SteadyVerdict::NotOfThisLoad,
            span: None,
            from: None,
            to: None,
            output: crate::units::Tokens::new(0),
            completed: 0,
            throughput: Quantity::unavailable(NONE),
            energy: Quantity::unavailable(NONE),
            mean_power: Quantity::unavailable(NONE),
            per_output_token: Quantity::unavailable(NONE),
        }
    }
}
