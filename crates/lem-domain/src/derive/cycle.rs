//! One cycle: a measured window by itself, and the unit of every interval of an energy (MEASUREMENT.md §8).

use super::energy::{EnergyReading, headline, mean_power, read_energy};
use super::phases::Phases;
use super::summary::{RequestCounts, TokenTotals, rates, requests};
use super::timeline::{RequestTimeline, timelines};
use crate::quantity::Quantity;
use crate::record::{ProcessRecord, RunRecord};
use crate::time::TimeWindow;
use crate::units::{Joules, JoulesPerToken, Seconds, TokensPerSecond, Unit, Watts};

/// The figures of one cycle that intervals over cycles are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleSummary {
    /// Length of the common wall window; `None` when no process opened one.
    pub window: Option<Seconds>,
    /// Requests by outcome.
    pub requests: RequestCounts,
    /// Tokens by kind.
    pub tokens: TokenTotals,
    /// Output tokens ÷ window.
    pub output_throughput: Quantity<TokensPerSecond>,
    /// Gross energy of the window.
    pub energy: Quantity<Joules>,
    /// Energy ÷ output tokens.
    pub per_output_token: Quantity<JoulesPerToken>,
    /// Energy ÷ window.
    pub mean_power: Quantity<Watts>,
}

impl CycleSummary {
    /// Whether its window was measured to the end; one that was cut short is no unit of an interval.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.window.is_some() && self.requests.interrupted == 0
    }
}

/// A cycle with what more than one figure is derived from.
pub(super) struct Cycle<'a> {
    pub(super) record: &'a RunRecord,
    /// By process.
    pub(super) timelines: Vec<Vec<RequestTimeline>>,
    pub(super) window: Option<TimeWindow>,
    pub(super) phases: Phases,
    pub(super) requests: RequestCounts,
    pub(super) tokens: TokenTotals,
    /// Every sensor's own reading.
    pub(super) readings: Vec<EnergyReading>,
}

impl<'a> Cycle<'a> {
    pub(super) fn of(record: &'a RunRecord) -> Self {
        let timelines: Vec<Vec<RequestTimeline>> =
            record.processes.iter().map(|process| timelines(&process.events, process.requests.len())).collect();
        let window = record.processes.iter().filter_map(|process| process.window).reduce(TimeWindow::hull);
        let phases = Phases::of(timelines.iter().flatten());
        let requests = requests::count_requests(&record.processes, &timelines);
        let tokens = requests::count_tokens(&record.processes, &timelines, window);
        let readings = window.map(|window| read_energy(&record.host.meter, window, &phases.prefill, &phases.decode)).unwrap_or_default();
        Self { record, timelines, window, phases, requests, tokens, readings }
    }

    /// The figures of the cycle alone.
    pub(super) fn summary(&self) -> CycleSummary {
        let processes: Vec<&ProcessRecord> = self.record.processes.iter().collect();
        let involved = involved(&self.readings, &processes);
        let span = self.window.map(TimeWindow::span);
        let energy = headline(&involved, |reading| &reading.energy);
        let counted = self.tokens.uncounted_requests == 0;
        CycleSummary {
            window: span,
            requests: self.requests,
            tokens: self.tokens,
            output_throughput: span
                .map_or_else(|| Quantity::unavailable("no measured window"), |span| rates::output_rate(span, &self.tokens)),
            per_output_token: energy.per(
                self.tokens.output.value(),
                |joules| JoulesPerToken::of(joules, self.tokens.output).filter(|_| counted),
                "energy ÷ output tokens",
                if counted { "no output token in the window" } else { rates::UNCOUNTED },
            ),
            mean_power: mean_power(&energy, span.unwrap_or_default()),
            energy,
        }
    }
}

/// The readings that may be the headline. An accelerator beside an engine that runs on the processor only idles: its
/// energy stands among the readings and is not that of the run.
pub(super) fn involved(readings: &[EnergyReading], processes: &[&ProcessRecord]) -> Vec<EnergyReading> {
    let on_processor = !processes.is_empty() && processes.iter().all(|process| process.engine.ran_on_processor());
    readings.iter().filter(|reading| !(on_processor && reading.boundary.is_accelerator())).cloned().collect()
}
