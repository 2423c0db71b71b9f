//! How many requests and tokens there were.

use crate::derive::timeline::RequestTimeline;
use crate::record::ProcessRecord;
use crate::time::TimeWindow;
use crate::token::FinishReason;
use crate::units::Tokens;
use std::iter::Sum;

/// Requests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Gave what was asked of them.
    pub completed: u64,
    /// Failed.
    pub failed: u64,
    /// Cut off or never started because the run was interrupted.
    pub interrupted: u64,
}

/// Tokens by kind; there is no total, because a total of unlike tokens means nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Prompt tokens of requests that gave output.
    pub prompt: Tokens,
    /// Output tokens whose event lies in the window, end-of-sequence included.
    pub output: Tokens,
    /// Padding tokens run.
    pub padding: Tokens,
    /// Prompts that were cut to the input limit.
    pub truncated_prompts: u64,
    /// Requests that gave a result whose tokens nobody counted; figures per token would be wrong by an unknown amount.
    pub uncounted_requests: u64,
}

impl Sum for RequestCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |a, b| Self {
            completed: a.completed + b.completed,
            failed: a.failed + b.failed,
            interrupted: a.interrupted + b.interrupted,
        })
    }
}

impl Sum for TokenTotals {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::default(), |a, b| Self {
            prompt: a.prompt + b.prompt,
            output: a.output + b.output,
            padding: a.padding + b.padding,
            truncated_prompts: a.truncated_prompts + b.truncated_prompts,
            uncounted_requests: a.uncounted_requests + b.uncounted_requests,
        })
    }
}

pub(in crate::derive) fn count_requests(processes: &[ProcessRecord], timelines: &[Vec<RequestTimeline>]) -> RequestCounts {
    let mut counts = RequestCounts::default();
    for (request, timeline) in processes.iter().zip(timelines).flat_map(|(process, timelines)| process.requests.iter().zip(timelines)) {
        match request.finish.or(timeline.finish) {
            Some(reason) if reason.is_success() => counts.completed += 1,
            Some(FinishReason::Failed) => counts.failed += 1,
            Some(_) | None => counts.interrupted += 1,
        }
    }
    counts
}

pub(in crate::derive) fn count_tokens(
    processes: &[ProcessRecord],
    timelines: &[Vec<RequestTimeline>],
    window: Option<TimeWindow>,
) -> TokenTotals {
    let (mut prompt, mut output, mut padding, mut truncated_prompts, mut uncounted_requests) = (0, 0, 0, 0, 0);
    for (request, timeline) in processes.iter().zip(timelines).flat_map(|(process, timelines)| process.requests.iter().zip(timelines)) {
        let inside = timeline.tokens.iter().filter(|&&(at, _)| window.is_some_and(|window| window.contains(at)));
        let counted: u64 = inside.map(|&(_, count)| u64::from(count)).sum();
        output += counted;
        padding += request.padding_tokens;
        truncated_prompts += u64::from(request.truncated_from.is_some());
        // What came of a request that failed is left out where nobody counted it; of one that gave a result it is missed.
        let has_result = request.finish.or(timeline.finish).is_some_and(FinishReason::is_success);
        uncounted_requests += u64::from(has_result && !timeline.tokens.is_empty() && timeline.output_tokens() == 0);
        if counted > 0 {
            prompt += request.prompt_tokens.unwrap_or(0);
        }
    }
    let [prompt, output, padding] = [prompt, output, padding].map(Tokens::new);
    TokenTotals { prompt, output, padding, truncated_prompts, uncounted_requests }
}
