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

/// Gives every request its turn: those that decode their last token with the guesses behind it, the others as much of
/// their prompts, in their order, as is left of a pass.
pub(super) fn share(running: &mut [Running<'_>], model: &dyn Executor, order: Order) {
    let decode = decodes(running, order);
    let (Order::PromptsFirst(mut left) | Order::Mixed(mut left)) = order;
    for running in running.iter_mut() {
        running.turn = if decode && running.is_decoding() { 1 + running.drafted } else { 0 };
        left = left.saturating_sub(running.turn);
    }
    for running in running.iter_mut() {
        let unseen = running.tokens.len() - model.length(running.row);
        if !running.is_decoding() {
            running.turn = unseen.min(left);
            left -= running.turn;
        }
        running.completes = running.turn == unseen;
    }
}
