#![doc = include_str!("../README.md")]

mod amd;
pub mod calibrate;
mod channel;
mod cpuinfo;
pub mod doctor;
mod error;
mod estimate;
pub mod host;
mod hwmon;
mod machine;
mod meter;
mod nvml;
mod open;
mod profile;
mod rapl;
mod sampler;
mod simulated;
mod source;
mod stepped;
mod survey;
mod sysfs;
pub mod virtual_hardware;
#[cfg(test)]
mod written_tree;

pub use error::EnergyError;
pub use machine::Machine;
pub use meter::SamplerKind;
pub use open::{Opened, Surroundings, open};
pub use survey::{Device, Survey, survey};
