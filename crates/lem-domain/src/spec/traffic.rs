//! When requests come.

use std::path::PathBuf;
use std::time::Duration;

/// When requests come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficSpec {
    /// At which instants they are meant to start; `None` starts each as soon as there is a place.
    pub arrival: Option<ArrivalSpec>,
    /// A recorded load whose instants and lengths of outputs are repeated; beside an arrival there is none.
    pub trace: Option<PathBuf>,
    /// Over how long the load grows to what is asked for; `None` begins with all of it.
    pub ramp: Option<Duration>,
    /// How often a request is sent to a server again that failed without any output.
    pub retries: u32,
    /// Most requests in flight at a server; `None` sets no limit beyond that of batches.
    pub concurrency: Option<u32>,
}

/// The instants at which requests are meant to start. They are drawn before the window opens, so that a slow engine cannot
/// slow them down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArrivalSpec {
    /// How the gaps between them are distributed.
    pub shape: ArrivalShape,
    /// Requests per second in the mean; positive.
    pub rate: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// How gaps between arrivals are distributed, all with the same mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArrivalShape {
    /// All the same.
    Constant,
    /// Exponentially: arrivals know nothing of each other.
    Poisson,
    /// By a gamma distribution.
    Gamma {
        /// Its coefficient of variation, positive: 1 is as Poisson, more is burstier.
        variation: f64,
    },
}
