#![doc = include_str!("../README.md")]

mod aggregate;
mod error;
mod experiment;
mod preflight;
mod record;
mod warmup;
mod window;

pub use aggregate::aggregate;
pub use error::ExperimentError;
pub use experiment::{Ending, Experiment, Tools, run};
