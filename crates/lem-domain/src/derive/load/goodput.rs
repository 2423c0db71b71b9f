//! Requests that kept to what was asked of them. Zhong et al. 2024, "DistServe", OSDI, call their rate goodput.

use crate::derive::timeline::RequestTimeline;
use crate::quantity::{Grade, Quantity};
use crate::record::ProcessRecord;
use crate::spec::Objectives;
use crate::units::{Requests, RequestsPerSecond, Seconds};
use std::time::Duration;

/// Requests that kept to the objectives.
#[derive(Clone, Debug, PartialEq)]
pub struct Goodput {
    /// How many did. One that failed did not.
    pub met: u64,
    /// Of how many that were to run.
    pub of: u64,
    /// Those that did ÷ the window.
    pub rate: Quantity<RequestsPerSecond>,
    /// Share that was asked for.
    pub asked_share: Option<f64>,
}

impl Goodput {
    /// Share of requests that kept to them.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
    pub fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| self.met as f64 / self.of as f64)
    }
}

pub(super) fn goodput(processes: &[&ProcessRecord], timelines: &[&[RequestTimeline]], span: Seconds) -> Option<Goodput> {
    let asked = |process: &ProcessRecord| process.offered.as_ref().map(|load| load.objectives).filter(is_asked);
    let (mut met, mut of, mut asked_share) = (0, 0, None);
    for (process, timelines) in processes.iter().zip(timelines) {
        let objectives = asked(process)?;
        met += timelines.iter().filter(|request| keeps(request, &objectives)).count() as u64;
        of += timelines.len() as u64;
        asked_share = objectives.share;
    }
    let rate = RequestsPerSecond::of(Requests::new(met), span);
    let rate = rate.map_or_else(
        || Quantity::unavailable("no measured window"),
        |rate| Quantity::present(rate, Grade::Derived, "requests that kept to the objectives ÷ common wall windows"),
    );
    (of > 0).then_some(Goodput { met, of, rate, asked_share })
}

fn is_asked(objectives: &Objectives) -> bool {
    objectives.ttft.is_some() || objectives.tpot.is_some() || objectives.end_to_end.is_some()
}

/// Whether a request gave what was asked of it, in time. One of a single token has no time per token to keep to.
fn keeps(request: &RequestTimeline, objectives: &Objectives) -> bool {
    let within = |value: Option<Seconds>, limit: Option<Duration>| match (value, limit) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(value), Some(limit)) => value.get() <= limit.as_secs_f64(),
    };
    request.finish.is_some_and(|finish| finish.is_success())
        && within(request.ttft(), objectives.ttft)
        && within(request.end_to_end(), objectives.end_to_end)
        && (request.tpot().is_none() || within(request.tpot(), objectives.tpot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::token::FinishReason;

    fn request(tokens: &[u64], finish: FinishReason) -> RequestTimeline {
        let at = |millis: u64| Timestamp::from_nanos(millis * 1_000_000);
        RequestTimeline {
            arrived: Some(at(0)),
            scheduled: Some(at(1)),
            tokens: tokens.iter().map(|&millis| (at(millis), 1)).collect(),
            finish: Some(finish),
            ended: None,
        }
    }

    #[test]
    fn a_request_keeps_to_all_that_is_asked_or_to_nothing() {
        let asked =
            Objectives { ttft: Some(Duration::from_millis(20)), tpot: Some(Duration::from_millis(10)), end_to_end: None, share: Some(0.9) };
        let check = |tokens: &[u64], finish, expected| assert_eq!(keeps(&request(tokens, finish), &asked), expected, "{tokens:?}");
        check(&[20, 30], FinishReason::Length, true);
        check(&[21, 30], FinishReason::Length, false);
        check(&[10, 21], FinishReason::Length, false);
        check(&[10], FinishReason::EndOfSequence, true);
        check(&[10, 15], FinishReason::Failed, false);
        check(&[], FinishReason::Length, false);
        assert!(keeps(&request(&[500], FinishReason::Length), &Objectives::default()));
    }
}
