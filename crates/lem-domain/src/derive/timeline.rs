//! Token events, sorted out by request (MEASUREMENT.md §3).

use crate::time::Timestamp;
use crate::token::{FinishReason, TokenEvent, TokenEventKind};
use crate::units::Seconds;

/// The life of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestTimeline {
    /// Intended start.
    pub arrived: Option<Timestamp>,
    /// Actual start.
    pub scheduled: Option<Timestamp>,
    /// When output tokens became known, and how many at once.
    pub tokens: Vec<(Timestamp, u32)>,
    /// How it ended.
    pub finish: Option<FinishReason>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// Sorts events into one timeline per request, for requests `0..requests`. Events of other requests are dropped.
#[must_use]
pub fn timelines(events: &[TokenEvent], requests: usize) -> Vec<RequestTimeline> {
    let mut timelines = vec![RequestTimeline::default(); requests];
    for event in events {
        let Some(timeline) = usize::try_from(event.request.0).ok().and_then(|index| timelines.get_mut(index)) else { continue };
        match event.kind {
            TokenEventKind::Arrived => timeline.arrived = Some(event.at),
            TokenEventKind::Scheduled => timeline.scheduled = Some(event.at),
            TokenEventKind::Tokens { count } => timeline.tokens.push((event.at, count)),
            TokenEventKind::Finished(reason) => {
                timeline.finish = Some(reason);
                timeline.ended = Some(event.at);
            }
        }
    }
    timelines
}

impl RequestTimeline {
    /// Output tokens, end-of-sequence included.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.tokens.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// When the first output token became known.
    #[must_use]
    pub fn first_token(&self) -> Option<Timestamp> {
        self.tokens.first().map(|&(at, _)| at)
    }

    /// When the last output token became known: the end of the request.
    #[must_use]
    pub fn last_token(&self) -> Option<Timestamp> {
        self.tokens.last().map(|&(at, _)| at)
    }

    /// Time to first token, from the *intended* start, so that waiting cannot hide.
    #[must_use]
    pub fn ttft(&self) -> Option<Seconds> {
        Some(self.first_token()?.since(self.arrived?))
    }

    /// Time to first token from the actual start.
    #[must_use]
    pub fn service_ttft(&self) -> Option<Seconds> {
        Some(self.first_token()?.since(self.scheduled?))
    }

    /// How long the request waited to be started.
    #[must_use]
    pub fn dispatch_delay(&self) -> Option<Seconds> {
        Some(self.scheduled?.since(self.arrived?))
    }

    /// Inter-token latencies; `None` when some event held several tokens, because then they are not observable.
    #[must_use]
    pub fn inter_token_latencies(&self) -> Option<Vec<Seconds>> {
        let all_single = self.tokens.iter().all(|&(_, count)| count == 1);
        all_single.then(|| self.tokens.windows(2).map(|pair| pair[1].0.since(pair[0].0)).collect())
    }

    /// Whether tokens came several at once, or were counted with another piece of the output.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        self.output_tokens() > 0 && self.tokens.iter().any(|&(_, count)| count != 1)
    }

    /// Time per output token after the first: (last − first) ÷ (output − 1); `None` for a single token.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "output tokens of one request stay far below 2^53")]
    pub fn tpot(&self) -> Option<Seconds> {
        let output = self.output_tokens();
        let span = self.last_token()?.since(self.first_token()?);
        (output > 1).then(|| span / (output - 1) as f64)
    }

    /// End-to-end latency, from the intended start to the last token.
    #[must_use]
    pub fn end_to_end(&self) -> Option<Seconds> {
        Some(self.last_token()?.since(self.arrived?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::RequestIndex;

    fn at_ms(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn streamed(counts: &[(u64, u32)]) -> RequestTimeline {
        RequestTimeline {
            arrived: Some(at_ms(0)),
            scheduled: Some(at_ms(4)),
            tokens: counts.iter().map(|&(millis, count)| (at_ms(millis), count)).collect(),
            finish: Some(FinishReason::Length),
            ended: None,
        }
    }

    #[test]
    fn latencies_of_a_streamed_request() {
        let request = streamed(&[(20, 1), (25, 1), (35, 1)]);
        assert_eq!(request.ttft(), Some(Seconds::new(0.020)));
        assert_eq!(request.service_ttft(), Some(Seconds::new(0.016)));
        assert_eq!(request.dispatch_delay(), Some(Seconds::new(0.004)));
        assert_eq!(request.inter_token_latencies(), Some(vec![Seconds::new(0.005), Seconds::new(0.010)]));
        assert_eq!(request.tpot(), Some(Seconds::new(0.0075)));
        assert_eq!(request.end_to_end(), Some(Seconds::new(0.035)));
    }

    #[test]
    fn a_chunk_of_several_tokens_leaves_itl_unknown_but_not_tpot() {
        let request = streamed(&[(20, 1), (40, 4)]);
        assert_eq!(request.inter_token_latencies(), None);
        assert_eq!(request.tpot(), Some(Seconds::new(0.005)));
        assert_eq!(request.output_tokens(), 5);
    }

    #[test]
    fn one_token_has_no_tpot_and_none_has_no_latency() {
        assert_eq!(streamed(&[(20, 1)]).tpot(), None);
        let silent = streamed(&[]);
        assert_eq!((silent.ttft(), silent.end_to_end(), silent.output_tokens()), (None, None, 0));
    }

    #[test]
    fn events_find_their_request_and_strangers_are_dropped() {
        let event = |request, millis, kind| TokenEvent { request: RequestIndex(request), at: at_ms(millis), kind };
        let events = [
            event(1, 0, TokenEventKind::Arrived),
            event(0, 0, TokenEventKind::Arrived),
            event(1, 3, TokenEventKind::Tokens { count: 1 }),
            event(7, 3, TokenEventKind::Tokens { count: 1 }),
            event(1, 4, TokenEventKind::Finished(FinishReason::EndOfSequence)),
        ];
        let timelines = timelines(&events, 2);
        assert_eq!(timelines[0].output_tokens(), 0);
        assert_eq!(timelines[1].output_tokens(), 1);
        assert_eq!(timelines[1].finish, Some(FinishReason::EndOfSequence));
    }
}
