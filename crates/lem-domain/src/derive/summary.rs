//! The whole result of a run, from its raw records alone.

mod decoding;
mod energy;
mod findings;
mod memory;
mod rates;
mod requests;

pub use energy::EnergySummary;
pub use rates::{LatencySummary, ThroughputSummary};
pub use requests::{RequestCounts, TokenTotals};

use super::arithmetic::{ArithmeticSummary, arithmetic};
use super::phases::Phases;
use super::timeline::{RequestTimeline, timelines};
use super::traffic::{self, TrafficSummary};
use crate::finding::Finding;
use crate::record::{MemoryFacts, RunRecord};
use crate::time::TimeWindow;
use crate::token::SpeculationCounts;
use crate::units::Seconds;

/// Everything derived from one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Processes whose records were found.
    pub processes: u32,
    /// Length of the common wall window; `None` when no process opened one.
    pub window: Option<Seconds>,
    /// Requests by outcome.
    pub requests: RequestCounts,
    /// Tokens by kind.
    pub tokens: TokenTotals,
    /// Rates over the common wall window.
    pub throughput: ThroughputSummary,
    /// Latency distributions over pooled requests, in seconds.
    pub latency: LatencySummary,
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
    /// Memory: peaks are the greatest over processes, the rest is added.
    pub memory: MemoryFacts,
    /// What a reader must know: recorded findings first, derived ones after.
    pub findings: Vec<Finding>,
}

/// Derives everything from the raw records.
#[must_use]
pub fn summarise(record: &RunRecord) -> Summary {
    let timelines: Vec<Vec<RequestTimeline>> =
        record.processes.iter().map(|process| timelines(&process.events, process.requests.len())).collect();
    let window = record.processes.iter().filter_map(|process| process.window).reduce(TimeWindow::hull);
    let span = window.map(TimeWindow::span);
    let phases = Phases::of(timelines.iter().flatten());

    let requests = requests::count_requests(&record.processes, &timelines);
    let tokens = requests::count_tokens(&record.processes, &timelines, window);
    let energy = energy::energy(record, window, &phases, &tokens, &requests);
    let arithmetic = arithmetic(&record.processes, &timelines, span.unwrap_or_default());
    let findings = findings::findings(record, window, &requests, &tokens, &energy, &arithmetic);
    Summary {
        processes: u32::try_from(record.processes.len()).unwrap_or(u32::MAX),
        window: span,
        requests,
        tokens,
        throughput: rates::throughput(span, &phases, &tokens, &requests),
        latency: rates::latency(&timelines),
        energy,
        arithmetic,
        traffic: traffic::traffic(&record.processes, &phases),
        speculation: decoding::speculation(&record.processes),
        mean_log_probability: decoding::mean_log_probability(&record.processes, &timelines),
        memory: memory::memory(&record.processes),
        findings,
    }
}
