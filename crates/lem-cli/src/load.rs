//! The loads that a calibration switches: a command of the user's, or the processor spinning.

mod command;
mod spin;

pub(crate) use command::{CommandLoad, end_all};
pub(crate) use spin::SpinLoad;
