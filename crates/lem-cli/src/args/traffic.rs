//! What can be typed of the load, and of a server that runs already.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// When requests come, and where they go.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Load")]
pub(crate) struct TrafficArgs {
    /// Most requests in flight: as one ends, the next one starts
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<u32>,

    /// Requests per second in the mean, however long they take
    #[arg(long, value_name = "R", conflicts_with = "trace")]
    pub(crate) rate: Option<f64>,

    /// How the gaps between them are distributed; goes with a rate
    #[arg(long, value_name = "SHAPE", requires = "rate")]
    pub(crate) arrival: Option<ArrivalArg>,

    /// How bursty gaps of `gamma` are: 1 is as `poisson`, more is burstier
    #[arg(long, value_name = "V", requires = "arrival")]
    pub(crate) burstiness: Option<f64>,

    /// Recorded load to repeat: lines of JSON with timestamp, input_length and output_length
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Over how long the load grows, such as 30s
    #[arg(long, value_name = "TIME")]
    pub(crate) ramp: Option<String>,

    /// Address of a server that runs already, such as http://127.0.0.1:8000/v1
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// What requests to it are sent to
    #[arg(long, value_name = "NAME", requires = "url")]
    pub(crate) endpoint: Option<EndpointArg>,
}

/// How gaps between requests are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArrivalArg {
    /// All the same
    Constant,
    /// As of users who know nothing of each other
    Poisson,
    /// As bursty as is said
    Gamma,
}

/// What requests are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EndpointArg {
    /// The prompt as it is
    Completions,
    /// As the message of a user
    Chat,
}
