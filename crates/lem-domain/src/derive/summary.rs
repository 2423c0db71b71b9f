//! The whole result of an experiment, from its raw records alone.

mod decoding;
mod energy;
mod findings;
mod memory;
pub(super) mod rates;
pub(super) mod requests;
mod steady;

pub use energy::EnergySummary;
pub use rates::{LatencySummary, ThroughputSummary};
pub use requests::{RequestCounts, TokenTotals};

use super::arithmetic::{ArithmeticSummary, arithmetic};
use super::cycle::{Cycle, CycleSummary};
use super::load::{self, LoadSummary, SteadyState};
use super::phases::total;
use super::timeline::RequestTimeline;
use super::traffic::{self, TrafficSummary};
use crate::finding::Finding;
use crate::record::{MemoryFacts, ProcessRecord, RunRecord};
use crate::time::TimeWindow;
use crate::token::SpeculationCounts;
use crate::units::Seconds;

/// Everything derived from one experiment, over all of its cycles.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Processes of one cycle whose records were found, of the cycle with the fewest.
    pub processes: u32,
    /// Summed length of the common wall windows of all cycles; `None` when no process opened one.
    pub window: Option<Seconds>,
    /// Requests by outcome.
    pub requests: RequestCounts,
    /// Tokens by kind.
    pub tokens: TokenTotals,
    /// Rates over the common wall windows.
    pub throughput: ThroughputSummary,
    /// Latency distributions over the pooled requests of all cycles, in seconds.
    pub latency: LatencySummary,
    /// The load, and what came of it.
    pub load: LoadSummary,
    /// The part of the run in which the load was steady.
    pub steady: SteadyState,
    /// Energy.
    pub energy: EnergySummary,
    /// Arithmetic.
    pub arithmetic: ArithmeticSummary,
    /// Bytes moved.
    pub traffic: TrafficSummary,
    /// How guessed tokens fared; `None` without speculative decoding.
    pub speculation: Option<SpeculationCounts>,
    /// Mean of the natural logarithm of an output token's probability, over all requests that kept it; `None` when none
    /// did. The exponential of its negation is the perplexity of the output.
    pub mean_log_probability: Option<f64>,
    /// Memory: peaks are the greatest over processes, the rest is added; of several cycles the greatest.
    pub memory: MemoryFacts,
    /// Each cycle by itself, in the order they were measured.
    pub cycles: Vec<CycleSummary>,
    /// What a reader must know: recorded findings first, derived ones after.
    pub findings: Vec<Finding>,
}

/// Derives everything from the raw records of all cycles.
///
/// Energies, tokens and windows are summed, latencies pooled, and every ratio is one of sums.
#[must_use]
pub fn summarise(cycles: &[RunRecord]) -> Summary {
    let cycles: Vec<Cycle<'_>> = cycles.iter().map(Cycle::of).collect();
    let processes: Vec<&ProcessRecord> = cycles.iter().flat_map(|cycle| &cycle.record.processes).collect();
    let timelines: Vec<&[RequestTimeline]> = cycles.iter().flat_map(|cycle| &cycle.timelines).map(Vec::as_slice).collect();
    let windows: Vec<TimeWindow> = cycles.iter().filter_map(|cycle| cycle.window).collect();
    let span = (!windows.is_empty()).then(|| total(&windows));
    // Cycles may come from two boots, whose clocks know nothing of each other: lengths may be added, instants not compared.
    let prefill_time = cycles.iter().map(|cycle| total(&cycle.phases.prefill) + total(&cycle.phases.mixed)).sum();
    let decode_time = cycles.iter().map(|cycle| total(&cycle.phases.decode)).sum();

    let requests = cycles.iter().map(|cycle| cycle.requests).sum();
    let tokens = cycles.iter().map(|cycle| cycle.tokens).sum();
    let energy = energy::energy(&cycles, span, &tokens, &requests);
    let arithmetic = arithmetic(&processes, &timelines, span.unwrap_or_default());
    let load = load::load(&cycles);
    let mut findings = findings::findings(&cycles, &requests, &tokens, &energy, &arithmetic, &load);
    findings.extend(load::findings(&load, &timelines));
    let fewest = cycles.iter().map(|cycle| cycle.record.processes.len()).min().unwrap_or(0);
    Summary {
        processes: u32::try_from(fewest).unwrap_or(u32::MAX),
        window: span,
        requests,
        tokens,
        throughput: rates::throughput(span, prefill_time, &tokens, &requests),
        latency: rates::latency(&timelines),
        load,
        steady: steady::steady(&cycles),
        energy,
        arithmetic,
        traffic: traffic::traffic(&processes, decode_time),
        speculation: decoding::speculation(&processes),
        mean_log_probability: decoding::mean_log_probability(&processes, &timelines),
        memory: memory::memory(cycles.iter().map(|cycle| cycle.record.processes.as_slice())),
        cycles: cycles.iter().map(Cycle::summary).collect(),
        findings,
    }
}
