//! The settings, section by section: what can be written, with its bounds, and what it means, with what is built in.

mod batching;
mod candle;
mod decoder;
mod energy;
mod experiment;
mod impact;
mod io;
mod llamacpp;
mod openai;
mod parallelism;
mod prompts;
mod pytorch;
mod quantization;
mod schedule;
mod server;
mod sglang;
mod slo;
mod statistics;
mod tensorrt;
mod traffic;
mod virtual_machine;
mod vllm;
mod warmup;

pub(crate) use candle::Speculative;
pub(crate) use decoder::{BeamSearch, Decoder};
pub(crate) use energy::CpuPower;
pub(crate) use experiment::{RawConfig, Settings};
pub(crate) use impact::Impact;
pub(crate) use prompts::{MODEL_TEMPLATE, NO_TEMPLATE};
#[cfg(test)]
pub(crate) use quantization::Quantization;
pub(crate) use server::Server;
pub(crate) use slo::Slo;
pub(crate) use traffic::Traffic;
pub(crate) use warmup::Warmup;

use crate::value::Quantity;
use std::time::Duration;
use validator::ValidationError;

/// Bounds of a duration, which the validator's own attribute cannot express.
fn within(value: Duration, min: Duration, max: Duration) -> Result<(), ValidationError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let mut error = ValidationError::new("range");
    error.add_param("min".into(), &Quantity(min));
    error.add_param("max".into(), &Quantity(max));
    Err(error)
}
