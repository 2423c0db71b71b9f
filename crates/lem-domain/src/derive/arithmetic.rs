//! Arithmetic of a run: what the model needs, what was executed, and the difference (MEASUREMENT.md §5).

use super::timeline::RequestTimeline;
use crate::flops::FlopsBreakdown;
use crate::quantity::{Grade, Quantity};
use crate::record::ProcessRecord;
use crate::units::{Flops, FlopsPerSecond, Seconds};

/// Floating-point operations of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ArithmeticSummary {
    /// What the architecture needs for the tokens that were run.
    pub model: Quantity<Flops>,
    /// The same, by part of the model.
    pub model_parts: Option<FlopsBreakdown>,
    /// What the engine really executed.
    pub executed: Quantity<Flops>,
    /// Executed beyond what the model needs, by name. Empty when nothing was counted or nothing was wasted.
    pub waste: Vec<Waste>,
    /// Model FLOPs ÷ window.
    pub rate: Quantity<FlopsPerSecond>,
}

/// Arithmetic that inference did not need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waste {
    /// Where it went.
    pub name: &'static str,
    /// How much.
    pub flops: Flops,
}

/// Sums up the arithmetic of all processes. `timelines` holds one slice per process.
pub(super) fn arithmetic(processes: &[&ProcessRecord], timelines: &[&[RequestTimeline]], window: Seconds) -> ArithmeticSummary {
    let model_parts: Option<FlopsBreakdown> =
        processes.iter().zip(timelines).map(|(process, timelines)| model_flops(process, timelines)).sum::<Option<_>>();
    let executed: Option<FlopsBreakdown> = processes.iter().map(|process| process.executed).sum::<Option<_>>();

    let model = model_parts.map_or_else(
        || Quantity::unavailable("the engine runs no model whose shape is known"),
        |parts| Quantity::present(parts.total(), Grade::Derived, "architecture: matrix shapes × tokens run"),
    );
    let rate = model_parts.and_then(|parts| FlopsPerSecond::of(parts.total(), window)).map_or_else(
        || Quantity::unavailable(model.absence().unwrap_or("the window is empty").to_owned()),
        |rate| Quantity::present(rate, Grade::Derived, "model FLOPs ÷ window"),
    );
    ArithmeticSummary {
        model,
        model_parts,
        executed: executed.map_or_else(
            || Quantity::unavailable("the engine does not count what it executes"),
            |parts| Quantity::present(parts.total(), Grade::Measured, "traced: dimensions of every matrix product that ran"),
        ),
        waste: model_parts.zip(executed).map(|(model, executed)| waste(model, executed)).unwrap_or_default(),
        rate,
    }
}

fn model_flops(process: &ProcessRecord, timelines: &[RequestTimeline]) -> Option<FlopsBreakdown> {
    let shape = process.model.shape?;
    let run = process.requests.iter().zip(timelines).filter(|(_, timeline)| timeline.output_tokens() > 0);
    run.map(|(request, timeline)| Some(shape.request_flops(request.prompt_tokens?, timeline.output_tokens()))).sum()
}

fn waste(model: FlopsBreakdown, executed: FlopsBreakdown) -> Vec<Waste> {
    let beyond = |name, executed: Flops, needed: Flops| {
        let flops = Flops::new(executed.get().saturating_sub(needed.get()));
        (flops.get() > 0).then_some(Waste { name, flops })
    };
    [
        beyond("projections and feed-forward that fill up tiles, or ran for tokens that no output holds", executed.linear, model.linear),
        beyond(
            "attention outside the causal context or window, that fills up tiles, or ran for tokens that no output holds",
            executed.attention,
            model.attention,
        ),
        beyond("language-model head that fills up tiles, or ran for positions that no output holds", executed.lm_head, model.lm_head),
    ]
    .into_iter()
    .flatten()
    .collect()
}
