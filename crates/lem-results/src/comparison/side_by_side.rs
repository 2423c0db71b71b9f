//! Results side by side: the same figures of each, one column a result.

use super::arm::Repetitions;
use super::judged::{ComparisonSettings, compare_family};
use crate::record::document::{FigureRecord, LatencyFigureRecord, QuantityRecord, SideBySideRecord, SideRecord, SummaryRecord};
use lem_domain::statistics::ratio_interval;

/// The headline figures of each result in the order given, and a verdict on each after the first against the first.
#[must_use]
pub fn side_by_side(summaries: &[SummaryRecord], settings: ComparisonSettings) -> SideBySideRecord {
    let mut repetitions = summaries.iter().map(|summary| Repetitions::of(std::slice::from_ref(summary)));
    let comparisons = repetitions.next().map(|first| compare_family(&first, &repetitions.collect::<Vec<_>>(), settings));
    SideBySideRecord { sides: summaries.iter().map(side).collect(), comparisons: comparisons.unwrap_or_default() }
}

fn side(summary: &SummaryRecord) -> SideRecord {
    let latency = &summary.latency;
    let repetitions = Repetitions::of(std::slice::from_ref(summary)).units();
    let figure = |name: &str, quantity: &QuantityRecord| FigureRecord { name: name.to_owned(), quantity: quantity.clone() };
    let seconds = |name: &str, seconds: Option<f64>| LatencyFigureRecord { name: name.to_owned(), seconds };
    SideRecord {
        experiment_id: summary.experiment_id.clone(),
        model: summary.model.reference.clone(),
        backend: summary.engine.backend.to_string(),
        device: summary.engine.device.clone(),
        cycles: repetitions.len() as u64,
        completed_requests: summary.requests.completed,
        missing_requests: summary.requests.failed + summary.requests.interrupted,
        prompt_tokens: summary.tokens.prompt,
        output_tokens: summary.tokens.output,
        figures: vec![
            figure("energy per output token", &summary.energy.per_output_token),
            figure("output throughput", &summary.throughput.output),
            figure("prefill throughput", &summary.throughput.prefill),
            figure("request throughput", &summary.throughput.requests),
            figure("energy", &summary.energy.total),
            figure("energy per request", &summary.energy.per_request),
            figure("mean power", &summary.energy.mean_power),
            figure("model FLOP/s", &summary.arithmetic.rate),
        ],
        latencies: vec![
            seconds("TTFT p50", latency.ttft_s.map(|found| found.p50)),
            seconds("TTFT p99", latency.ttft_s.map(|found| found.p99)),
            seconds("ITL p50", latency.itl_s.map(|found| found.p50)),
            seconds("ITL p99", latency.itl_s.map(|found| found.p99)),
            seconds("end to end p50", latency.end_to_end_s.map(|found| found.p50)),
        ],
        energy_per_output_token_interval: ratio_interval(&repetitions, 0.95, 1).map(|found| found.interval.into()),
    }
}
