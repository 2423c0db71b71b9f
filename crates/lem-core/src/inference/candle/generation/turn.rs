//! Which tokens of the running requests run in the next pass.

use super::admission::Order;
use super::running::Running;
use crate::inference::executor::Executor;

/// Whether the next pass runs output tokens.
pub(super) fn decodes(running: &[Running<'_>], order: Order) -> bool {
    match order {
        Order::PromptsFirst(_) => running.iter().all(Running::is_decoding),
        Order::Mixed(_) => running.iter().any(Running::is_decoding),
    }
}

/// What prompts get of a pass of so many tokens, however many tokens of others it holds: a quarter. Otherwise requests that
/// wait for their first token would wait until others end.
pub(in crate::inference::candle) fn prompts_part(tokens: usize) -> usize {
    tokens.div_ceil(4)
}

/// How many tokens may be guessed for each request that decodes, so that guesses take only what output tokens and prompts
/// leave of a pass; `most` at most.
pub(super) fn guesses(running: &[Running<'_>], order: Order, most: usize) -> usize {
    let Order::Mixed(tokens) = order else { return most };
    let decoding = running.iter().filter(|running| running.is_decoding()).count();
    let waits = decoding < running.len();
    let left = tokens.saturating_sub(decoding + if waits { prompts_part(tokens) } else { 0 });
    most.min(left / decoding.max(1))
}

/// Gives every request its turn: those that decode their last token with the guesses behind it, the others as much of
/// their prompts, in their order, as is left of a pass, and a part of it in any case where passes are mixed.
pub(super) fn share(running: &mut [Running<'_>], model: &dyn Executor, order: Order) {
    let decode = decodes(running, order);
    let (mut left, least) = match order {
        Order::PromptsFirst(tokens) => (tokens, 0),
        Order::Mixed(tokens) => (tokens, prompts_part(tokens)),
    };
    for running in running.iter_mut() {
        running.turn = if decode && running.is_decoding() { 1 + running.drafted } else { 0 };
        left = left.saturating_sub(running.turn);
    }
    left = left.max(least);
    for running in running.iter_mut() {
        let unseen = running.tokens.len() - model.length(running.row);
        if !running.is_decoding() {
            running.turn = unseen.min(left);
            left -= running.turn;
        }
        running.completes = running.turn == unseen;
    }
}
