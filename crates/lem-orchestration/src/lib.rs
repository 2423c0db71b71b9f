#![doc = include_str!("../README.md")]

mod aggregate;
mod baseline;
mod error;
mod experiment;
mod monitor;
mod offered;
mod preflight;
mod record;
mod sampling;
mod warmup;
mod watch;
mod window;

pub use aggregate::aggregate;
pub use error::ExperimentError;
pub use experiment::{Ending, Experiment, Tools, run};
pub use monitor::{Glance, Monitor, Monitored};
pub use watch::{Meter, Watch, Watched, Work};
