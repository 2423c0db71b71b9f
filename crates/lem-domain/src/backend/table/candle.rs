//! The in-process engine.

use super::APPLIED;
use crate::backend::{Backend, Field};

const fn own(path: &'static str) -> Field {
    Field::own(path, Backend::Candle, APPLIED)
}

pub(super) const ROWS: &[Field] = &[
    own("candle.device"),
    own("candle.threads"),
    own("candle.pin_threads"),
    own("candle.waiting"),
    own("candle.speculative.method"),
    own("candle.speculative.model"),
    own("candle.speculative.num_tokens"),
    own("candle.speculative.prompt_lookup_max"),
];
