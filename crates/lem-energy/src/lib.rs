#![doc = include_str!("../README.md")]

mod cpuinfo;
mod error;
mod estimate;
pub mod host;
mod meter;
mod open;
mod sampler;
mod simulated;
mod source;
mod stepped;

pub use error::EnergyError;
pub use open::{Opened, SamplerKind, open};
