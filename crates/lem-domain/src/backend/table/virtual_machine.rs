//! The simulated machine.

use super::APPLIED;
use crate::backend::{Backend, Field};

const fn own(path: &'static str) -> Field {
    Field::own(path, Backend::Virtual, APPLIED)
}

pub(super) const ROWS: &[Field] = &[
    own("virtual.clock"),
    own("virtual.ttft"),
    own("virtual.itl"),
    own("virtual.static_power"),
    own("virtual.prefill_token_energy"),
    own("virtual.output_token_energy"),
    own("virtual.context_token_energy"),
];
