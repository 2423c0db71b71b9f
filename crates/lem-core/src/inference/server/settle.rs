//! From answers to events and facts, after the window has closed.

use super::answer::Answer;
use super::event::{Piece, Reading};
use super::transport::Broken;
use crate::tokenizer::Tokenizer;
use lem_domain::Timestamp;
use lem_domain::record::{RequestFailure, ServedFacts};
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenCounts, TokenEventKind};

/// What came of one request.
pub(super) struct Settled {
    pub(super) finish: Option<FinishReason>,
    pub(super) served: ServedFacts,
    pub(super) tokens: Vec<u32>,
    pub(super) log_probability: Option<f64>,
}

/// Reads an answer, counts its tokens, and records its events. `prompt` is what is known here of the prompt's tokens.
pub(super) fn settle(
    request: RequestIndex,
    answer: &mut Answer,
    prompt: TokenCounts,
    tokenizer: Option<&Tokenizer>,
    events: &mut EventBuffer,
) -> Settled {
    let Reading { pieces, text, tokens, finish, usage, log_probability, problem } = answer.read();
    let (Some(arrived), Some(scheduled)) = (answer.arrived, answer.scheduled) else {
        // It never started.
        let served = ServedFacts { prompt, ..ServedFacts::default() };
        return Settled { finish: None, served, tokens, log_probability: None };
    };
    let end = finish.map(|(_, reason)| reason);
    let output = TokenCounts {
        listed: pieces.iter().map(|piece| piece.listed).sum::<Option<u64>>().filter(|_| !pieces.is_empty()),
        usage: usage.and_then(|usage| usage.completion_tokens),
        retokenised: tokenizer.and_then(|tokenizer| retokenised(tokenizer, &text, end)),
    };
    let prompt = TokenCounts { usage: usage.and_then(|usage| usage.prompt_tokens), ..prompt };
    let timed = timed(&pieces, output, finish);
    let broken = answer.broken.take().or(problem).or_else(|| unfinished(answer, finish, timed.is_empty()));
    let finish = match (&broken, end) {
        (Some(broken), _) if broken.failure == RequestFailure::Cancelled => FinishReason::Interrupted,
        (Some(_), _) | (None, None) => FinishReason::Failed,
        (None, Some(reason)) => reason,
    };

    events.push(request, arrived, TokenEventKind::Arrived);
    events.push(request, scheduled, TokenEventKind::Scheduled);
    for &(at, count) in &timed {
        events.push(request, at, TokenEventKind::Tokens { count });
    }
    let last = timed.last().map(|&(at, _)| at);
    let ended = if finish.is_success() { last.or(answer.ended) } else { answer.ended.or(last) };
    events.push(request, ended.unwrap_or(scheduled), TokenEventKind::Finished(finish));

    let (failure, reason) = broken.map(|broken| (broken.failure, broken.reason)).unzip();
    let served = ServedFacts {
        status: answer.status,
        failure,
        reason,
        prompt,
        cached_prompt: usage.and_then(super::event::Usage::cached),
        output,
        pieces: pieces.len() as u64,
        retries: answer.retries,
    };
    Settled { finish: Some(finish), served, tokens, log_probability }
}

/// Tokens of an output; the one that ended it has no text.
fn retokenised(tokenizer: &Tokenizer, text: &str, end: Option<FinishReason>) -> Option<u64> {
    let tokens = tokenizer.encode_rendered(text).ok()?;
    Some(tokens.len() as u64 + u64::from(end == Some(FinishReason::EndOfSequence)))
}

/// What is wrong with an answer that came whole and says nothing of an error.
fn unfinished(answer: &Answer, finish: Option<(Timestamp, FinishReason)>, is_silent: bool) -> Option<Broken> {
    match finish {
        None => {
            let reason = "the answer ended before the output did".to_owned();
            Some(Broken { failure: if answer.ended.is_some() { RequestFailure::Reset } else { RequestFailure::Cancelled }, reason })
        }
        Some((_, FinishReason::Failed)) => {
            Some(Broken { failure: RequestFailure::Reported, reason: "the server gave the request up".to_owned() })
        }
        Some(_) if is_silent => Some(Broken { failure: RequestFailure::NoOutput, reason: "the answer holds no output".to_owned() }),
        Some(_) => None,
    }
}

/// When tokens came, and how many at once; a count of 0 says only when.
///
/// Where pieces list their tokens, or the server counts with each, that is the number. Else it is one for each piece, if the
/// total is as many; the one that ended a text comes with the end, which has no text. A total that fits neither is spread over
/// the pieces, so that their sum is right and no time between two tokens is claimed.
fn timed(pieces: &[Piece], output: TokenCounts, finish: Option<(Timestamp, FinishReason)>) -> Vec<(Timestamp, u32)> {
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    if let Some(listed) = pieces.iter().map(|piece| Some((piece.at, narrow(piece.listed?)))).collect::<Option<Vec<_>>>()
        && !pieces.is_empty()
    {
        return listed;
    }
    let Some((total, _)) = output.headline() else { return pieces.iter().map(|piece| (piece.at, 0)).collect() };
    let with_text = pieces.len() as u64;
    if with_text == 0 {
        return finish.filter(|_| total > 0).map(|(at, _)| (at, narrow(total))).into_iter().collect();
    }
    if let Some(counted) = by_growth(pieces, total) {
        return counted.into_iter().map(|(at, count)| (at, narrow(count))).collect();
    }
    let end = finish.filter(|&(at, reason)| reason == FinishReason::EndOfSequence && pieces.last().is_some_and(|last| last.at <= at));
    match end {
        Some((at, _)) if total == with_text + 1 => pieces.iter().map(|piece| piece.at).chain([at]).map(|at| (at, 1)).collect(),
        _ => {
            let share = |index: u64| u64::try_from(u128::from(index) * u128::from(total) / u128::from(with_text)).unwrap_or(total);
            let spread = (0u64..).zip(pieces).map(|(index, piece)| (piece.at, narrow(share(index + 1) - share(index))));
            spread.collect()
        }
    }
}

/// From what the server had counted with each piece; `None` where it did not, or went back.
fn by_growth(pieces: &[Piece], total: u64) -> Option<Vec<(Timestamp, u64)>> {
    let mut before = 0;
    let mut counted = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let so_far = piece.so_far?;
        counted.push((piece.at, so_far.checked_sub(before)?));
        before = so_far;
    }
    let rest = total.checked_sub(before)?;
    counted.last_mut()?.1 += rest;
    Some(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn plain(count: u64) -> Vec<Piece> {
        (1..=count).map(|index| Piece { at: at(index), has_text: true, listed: None, so_far: None }).collect()
    }

    fn counts(pieces: &[Piece], usage: Option<u64>, finish: FinishReason) -> Vec<u32> {
        let output = TokenCounts { usage, ..TokenCounts::default() };
        timed(pieces, output, Some((at(9), finish))).into_iter().map(|(_, count)| count).collect()
    }

    #[test]
    fn a_piece_is_a_token_where_the_total_says_so() {
        use FinishReason::{EndOfSequence, Length};
        assert_eq!(counts(&plain(3), Some(3), Length), [1, 1, 1]);
        assert_eq!(counts(&plain(3), Some(4), EndOfSequence), [1, 1, 1, 1], "the end is a token without a text");
        assert_eq!(counts(&plain(3), Some(4), Length), [1, 1, 2], "and nothing else is");
        assert_eq!(counts(&plain(3), Some(6), Length), [2, 2, 2]);
        assert_eq!(counts(&plain(3), Some(2), Length), [0, 1, 1]);
        assert_eq!(counts(&plain(3), None, Length), [0, 0, 0], "pieces are no count");
        assert_eq!(counts(&[], Some(2), Length), [2]);
        assert_eq!(counts(&[], Some(0), EndOfSequence), [0; 0]);
    }

    #[test]
    fn what_the_server_lists_or_counts_goes_before() {
        let listed = [(1, 2), (2, 1)].map(|(millis, count)| Piece { at: at(millis), has_text: true, listed: Some(count), so_far: None });
        assert_eq!(counts(&listed, Some(9), FinishReason::Length), [2, 1]);
        let grown = [(1, 1), (2, 4)].map(|(millis, sum)| Piece { at: at(millis), has_text: true, listed: None, so_far: Some(sum) });
        assert_eq!(counts(&grown, Some(4), FinishReason::Length), [1, 3]);
        assert_eq!(counts(&grown, Some(5), FinishReason::EndOfSequence), [1, 4]);
    }
}
