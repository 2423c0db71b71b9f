//! The table, section by section, in the order of the documentation.

mod candle;
mod decoder;
mod experiment;
mod llamacpp;
mod load;
mod measurement;
mod openai;
mod pytorch;
mod sglang;
mod tensorrt;
mod virtual_machine;
mod vllm;
mod weights;

use super::{Field, FieldSupport, Handover};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Every leaf of the configuration. A test in `lem-config` holds the list complete.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    [
        experiment::ROWS,
        load::ROWS,
        decoder::ROWS,
        load::SPREAD,
        measurement::ROWS,
        weights::ROWS,
        candle::ROWS,
        pytorch::ROWS,
        vllm::ROWS,
        tensorrt::ROWS,
        llamacpp::ROWS,
        sglang::ROWS,
        openai::ROWS,
        virtual_machine::ROWS,
    ]
    .concat()
});

/// The row of a dotted path.
#[must_use]
pub fn field(path: &str) -> Option<&'static Field> {
    static POSITIONS: LazyLock<HashMap<&str, usize>> =
        LazyLock::new(|| FIELDS.iter().enumerate().map(|(position, field)| (field.path, position)).collect());
    POSITIONS.get(path).map(|&position| &FIELDS[position])
}

const APPLIED: FieldSupport = FieldSupport::Applied;
const RUNNING: FieldSupport = no("the server runs already");
const NO_STANDARD: FieldSupport =
    no("OpenAI's protocol has no such field; `openai.extra_body` takes what the server at hand knows beyond it");
const NO_TEXT: FieldSupport = no("the virtual engine makes no text, so there is nothing to choose from");
const NO_LOAD: FieldSupport = no("the virtual engine computes nothing");

const fn no(reason: &'static str) -> FieldSupport {
    FieldSupport::Unsupported(reason)
}

const fn flag(name: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::Flag(name))
}

/// A flag that says yes; leaving it out says no.
const fn switch(on: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::Switch { on: Some(on), off: None })
}

const fn switches(on: &'static str, off: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::Switch { on: Some(on), off: Some(off) })
}

const fn in_file(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::File(key))
}

const fn request(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::Request(key))
}

/// How the server of a section is started; `Field::own` for each setting of `server`.
macro_rules! started {
    ($section:literal, $backend:expr, [$($row:expr),* $(,)?], [$($after:expr),* $(,)?]) => {
        &[
            $($row,)*
            crate::backend::Field::own(concat!($section, ".server.launcher"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(concat!($section, ".server.command"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(concat!($section, ".server.image"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(concat!($section, ".server.url"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(concat!($section, ".server.startup_timeout"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(concat!($section, ".server.request_timeout"), $backend, crate::backend::FieldSupport::Applied),
            crate::backend::Field::own(
                concat!($section, ".server.environment"),
                $backend,
                crate::backend::FieldSupport::Translated(crate::backend::Handover::Variables),
            ),
            $($after,)*
        ]
    };
}
use started;
