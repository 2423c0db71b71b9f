#![doc = include_str!("../README.md")]

mod aggregate;
mod baseline;
mod course;
mod error;
mod experiment;
pub mod locks;
mod monitor;
mod offered;
mod owner;
mod preflight;
mod record;
mod sampling;
pub mod server;
pub mod study;
mod warmup;
mod watch;
mod window;

pub use aggregate::aggregate;
pub use error::ExperimentError;
pub use experiment::{Ending, Experiment, Start, Tools, run};
pub use monitor::{Glance, Monitor, Monitored};
pub use owner::{Liveness, liveness, this_process};
pub use watch::{Meter, Watch, Watched, Work};
