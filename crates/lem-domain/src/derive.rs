//! Pure functions over the recorded streams: everything a result says beyond what was recorded.
//!
//! Nothing here reads a clock or a file, so every figure can be computed again from a bundle, by someone else, with
//! better rules. Start at [`summarise`].

mod arithmetic;
mod cycle;
mod distribution;
mod energy;
mod energy_findings;
#[cfg(test)]
mod fixture;
mod gauges;
mod idle;
mod impact;
mod load;
mod observe;
mod paths;
mod phases;
mod series;
mod summary;
mod timeline;
mod traffic;

pub use arithmetic::{ArithmeticSummary, Waste};
pub use cycle::CycleSummary;
pub use distribution::Distribution;
pub use energy::{EnergyReading, headline, reach, read_energy};
pub use gauges::{GaugeSummary, Throttle};
pub use idle::{IdleReading, MarginalEnergy};
pub use impact::Impact;
pub use load::{CountReconciliation, Goodput, LoadSummary, Schedule, SteadyRule, SteadyState, SteadyVerdict};
pub use observe::{BoundaryTotal, DeviceEnergy, Observation, Observer, Terms, observe};
pub use paths::PathRatio;
pub use phases::Phases;
pub use series::{Series, SeriesFault};
pub use summary::{EnergySummary, LatencySummary, RequestCounts, Summary, ThroughputSummary, TokenTotals, summarise};
pub use timeline::{RequestTimeline, timelines};
pub use traffic::TrafficSummary;
