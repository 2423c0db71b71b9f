//! How things look on a terminal. Meaning never rests on colour alone.

mod beside;
pub(crate) mod calibration;
pub(crate) mod comparison;
pub(crate) mod datasets;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod grid;
pub(crate) mod list;
mod load;
pub(crate) mod measurement;
pub(crate) mod monitor;
pub(crate) use lem_results::number;
pub(crate) mod out;
pub(crate) mod plots;
pub(crate) mod presets;
#[cfg(test)]
mod scene;
pub(crate) mod study;
pub(crate) mod summary;
