//! How output tokens came about: guesses that were confirmed, and how probable the tokens were.

use crate::derive::timeline::RequestTimeline;
use crate::record::ProcessRecord;
use crate::token::SpeculationCounts;

/// Guesses of all processes together.
pub(super) fn speculation(processes: &[&ProcessRecord]) -> Option<SpeculationCounts> {
    let counts = processes.iter().filter_map(|process| process.speculation.as_ref()).map(|facts| facts.counts);
    counts.reduce(|a, b| SpeculationCounts {
        drafted: a.drafted + b.drafted,
        accepted: a.accepted + b.accepted,
        verified: a.verified + b.verified,
    })
}

/// Σ ln p ÷ output tokens, over the requests that have both.
pub(super) fn mean_log_probability(processes: &[&ProcessRecord], timelines: &[&[RequestTimeline]]) -> Option<f64> {
    let (mut sum, mut tokens) = (0.0, 0);
    for (request, timeline) in processes.iter().zip(timelines).flat_map(|(process, timelines)| process.requests.iter().zip(*timelines)) {
        if let Some(log_probability) = request.log_probability {
            sum += log_probability;
            tokens += timeline.output_tokens();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "output tokens of a run stay far below 2^53")]
    let tokens = tokens as f64;
    (tokens > 0.0).then(|| sum / tokens)
}
