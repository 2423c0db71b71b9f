//! Requests and their events, held to what can be true.

use super::{Problems, ReasonCode};
use lem_domain::Timestamp;
use lem_domain::record::ProcessRecord;
use lem_domain::token::{FinishReason, TokenEventKind};

/// What the events of one request have said so far.
#[derive(Clone, Default)]
struct Seen {
    arrived: bool,
    scheduled: bool,
    tokens: u64,
    finish: Option<FinishReason>,
    last: Option<Timestamp>,
    is_out_of_order: bool,
    is_repeated: bool,
}

/// The requests of one process. Each kind of problem is said once, with how many requests it touches.
pub(super) fn check(place: &str, process: &ProcessRecord, problems: &mut Problems) {
    let mut seen = vec![Seen::default(); process.requests.len()];
    let (mut unknown, mut outside) = (0_u64, 0_u64);
    for event in &process.events {
        let Some(request) = usize::try_from(event.request.0).ok().and_then(|index| seen.get_mut(index)) else {
            unknown += 1;
            continue;
        };
        request.note(event.at, event.kind);
        // A server goes on with what was sent within the window; what runs in this process stops with it.
        let is_token = matches!(event.kind, TokenEventKind::Tokens { .. });
        let is_inside = process.window.is_none_or(|window| window.start <= event.at && event.at <= window.end);
        outside += u64::from(is_token && process.server.is_none() && !is_inside);
    }
    let pairs = || seen.iter().zip(&process.requests);
    let succeeded = |finish: Option<FinishReason>| finish.is_some_and(FinishReason::is_success);
    let silent = pairs().filter(|(seen, request)| succeeded(request.finish) && (seen.tokens == 0 || seen.finish.is_none()));
    let differing = pairs().filter(|(seen, request)| seen.finish.zip(request.finish).is_some_and(|(one, other)| one != other));
    let findings = [
        (ReasonCode::EventUnknownRequest, unknown, "events of requests that are not in the record"),
        (ReasonCode::EventsOutOfOrder, count(seen.iter().filter(|seen| seen.is_out_of_order)), "requests whose events go back in time"),
        (ReasonCode::EventRepeated, count(seen.iter().filter(|seen| seen.is_repeated)), "requests that began or ended twice"),
        (ReasonCode::EventOutsideWindow, outside, "token events outside the window"),
        (ReasonCode::OutputMissing, count(silent), "requests that succeeded and show no output or no end"),
        (ReasonCode::FinishDiffers, count(differing), "requests whose events say that they ended otherwise"),
    ];
    for (code, number, what) in findings.into_iter().filter(|&(_, number, _)| number > 0) {
        problems.add(code, place, format!("{number} {what}"));
    }
}

impl Seen {
    fn note(&mut self, at: Timestamp, kind: TokenEventKind) {
        self.is_out_of_order |= self.last.is_some_and(|last| at < last) || self.finish.is_some();
        self.last = Some(at);
        match kind {
            TokenEventKind::Arrived => {
                self.is_repeated |= self.arrived;
                self.arrived = true;
            }
            TokenEventKind::Scheduled => {
                self.is_repeated |= self.scheduled;
                self.is_out_of_order |= !self.arrived;
                self.scheduled = true;
            }
            TokenEventKind::Tokens { .. } => {
                self.is_out_of_order |= !self.scheduled;
                self.tokens += 1;
            }
            TokenEventKind::Finished(reason) => {
                self.is_repeated |= self.finish.is_some();
                self.finish = Some(reason);
            }
        }
    }
}

fn count<T>(found: impl Iterator<Item = T>) -> u64 {
    found.count() as u64
}
