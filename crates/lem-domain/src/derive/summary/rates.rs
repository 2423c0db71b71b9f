//! How fast it went: rates over the window, latencies over requests (MEASUREMENT.md §3).

use super::requests::{RequestCounts, TokenTotals};
use crate::derive::distribution::Distribution;
use crate::derive::timeline::RequestTimeline;
use crate::quantity::{Grade, Quantity};
use crate::units::{Requests, RequestsPerSecond, Seconds, TokensPerSecond, Unit};

/// Rates.
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughputSummary {
    /// Output tokens of all replicas ÷ common wall window.
    pub output: Quantity<TokensPerSecond>,
    /// Prompt tokens ÷ time in which prefill ran.
    pub prefill: Quantity<TokensPerSecond>,
    /// Completed requests ÷ common wall window.
    pub requests: Quantity<RequestsPerSecond>,
}

/// Latency distributions in seconds; `None` where no request gave one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencySummary {
    /// Time to first token, from the intended start.
    pub ttft: Option<Distribution>,
    /// Time to first token, from the actual start.
    pub service_ttft: Option<Distribution>,
    /// From intended to actual start.
    pub dispatch_delay: Option<Distribution>,
    /// Inter-token latency, pooled over all tokens.
    pub itl: Option<Distribution>,
    /// Time per output token, one value per request.
    pub tpot: Option<Distribution>,
    /// End to end.
    pub end_to_end: Option<Distribution>,
}

pub(super) fn throughput(
    span: Option<Seconds>,
    prefill_time: Seconds,
    tokens: &TokenTotals,
    requests: &RequestCounts,
) -> ThroughputSummary {
    fn rate<U: Unit>(rate: Option<U>, source: &str, absence: &str) -> Quantity<U> {
        rate.map_or_else(|| Quantity::unavailable(absence), |rate| Quantity::present(rate, Grade::Derived, source))
    }
    const NO_WINDOW: &str = "no measured window";
    ThroughputSummary {
        output: span.map_or_else(|| Quantity::unavailable(NO_WINDOW), |span| output_rate(span, tokens)),
        prefill: rate(
            TokensPerSecond::of(tokens.prompt, prefill_time),
            "prompt tokens ÷ time in which prefill ran",
            "no time in which prefill ran",
        ),
        requests: rate(
            span.and_then(|span| RequestsPerSecond::of(Requests::new(requests.completed), span)),
            "completed requests ÷ common wall window",
            NO_WINDOW,
        ),
    }
}

/// Output tokens ÷ a window.
pub(in crate::derive) fn output_rate(span: Seconds, tokens: &TokenTotals) -> Quantity<TokensPerSecond> {
    if tokens.uncounted_requests > 0 {
        return Quantity::unavailable(UNCOUNTED);
    }
    let rate = TokensPerSecond::of(tokens.output, span);
    rate.map_or_else(
        || Quantity::unavailable("the window is empty"),
        |rate| Quantity::present(rate, Grade::Derived, "output tokens ÷ common wall window"),
    )
}

/// Why a figure per token is missing.
pub(in crate::derive) const UNCOUNTED: &str = "nobody counted the tokens of some requests";

pub(super) fn latency(timelines: &[&[RequestTimeline]]) -> LatencySummary {
    let pool = |of: fn(&RequestTimeline) -> Option<Seconds>| {
        Distribution::of(timelines.iter().copied().flatten().filter_map(of).map(Seconds::get).collect())
    };
    let between_tokens = timelines.iter().copied().flatten().filter_map(RequestTimeline::inter_token_latencies).flatten();
    LatencySummary {
        ttft: pool(RequestTimeline::ttft),
        service_ttft: pool(RequestTimeline::service_ttft),
        dispatch_delay: pool(RequestTimeline::dispatch_delay),
        itl: Distribution::of(between_tokens.map(Seconds::get).collect()),
        tpot: pool(RequestTimeline::tpot),
        end_to_end: pool(RequestTimeline::end_to_end),
    }
}
