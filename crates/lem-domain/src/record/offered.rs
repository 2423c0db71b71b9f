//! The load that requests made, as it was asked for.

use crate::spec::{ArrivalSpec, Objectives};
use std::time::Duration;

/// When requests were to come, how many at once, and what they had to keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedLoad {
    /// When they were to come.
    pub shape: LoadShape,
    /// Most requests in flight; `None` without a limit.
    pub cap: Option<u32>,
    /// Over how long the load grew to what was asked for.
    pub ramp: Option<Duration>,
    /// What a request has to keep to.
    pub objectives: Objectives,
}

/// When requests were to come.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadShape {
    /// Whole batches, each when the one before has ended.
    Batches,
    /// Each as soon as a place falls free.
    Closed,
    /// At instants that were drawn beforehand.
    Open(ArrivalSpec),
    /// At the instants of a recorded load.
    Trace {
        /// The file, as it was named.
        file: String,
    },
}

impl LoadShape {
    /// The shape as written in records.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Batches => "batches",
            Self::Closed => "closed",
            Self::Open(_) => "open",
            Self::Trace { .. } => "trace",
        }
    }
}
