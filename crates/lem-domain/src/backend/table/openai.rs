//! A server that runs already.

use super::APPLIED;
use crate::backend::{Backend, Field, FieldSupport, Handover};

const fn own(path: &'static str, support: FieldSupport) -> Field {
    Field::own(path, Backend::Openai, support)
}

pub(super) const ROWS: &[Field] = &[
    own("openai.base_url", APPLIED),
    own("openai.endpoint", APPLIED),
    own("openai.api_key_env", APPLIED),
    own("openai.request_timeout", APPLIED),
    own("openai.extra_body", FieldSupport::Translated(Handover::Requests)),
];
