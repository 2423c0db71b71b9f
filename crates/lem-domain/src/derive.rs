//! Pure functions over the recorded streams: everything a result says beyond what was recorded.
//!
//! Nothing here reads a clock or a file, so every figure can be computed again from a bundle, by someone else, with
//! better rules. Start at [`summarise`].

mod arithmetic;
mod distribution;
mod energy;
mod phases;
mod series;
mod summary;
mod timeline;

pub use arithmetic::{ArithmeticSummary, Waste};
pub use distribution::Distribution;
pub use energy::{EnergyReading, headline, read_energy};
pub use phases::Phases;
pub use series::{Series, SeriesFault};
pub use summary::{EnergySummary, LatencySummary, RequestCounts, Summary, ThroughputSummary, TokenTotals, summarise};
pub use timeline::{RequestTimeline, timelines};
