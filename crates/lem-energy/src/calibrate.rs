//! What a sensor is, found by watching it: how often it is renewed, over what it averages, how late it is, how finely it
//! is stepped, how long a read takes, what it shows at idle.
//!
//! [`record`] drives it: the machine is left idle, then every sensor is read as fast as it goes, then a load goes on and off
//! at random. [`analyse`] makes profiles of what was recorded, as pure functions, one file per figure. Gain is never
//! claimed: it is not observable without an external meter.

mod analysis;
mod averaging;
mod bench;
mod counter_ratio;
mod drive;
mod idle;
mod latency;
mod load;
mod period;
mod plan;
mod quantisation;
mod recorded;
mod statistics;
mod trace;

pub use analysis::{Label, analyse};
pub use bench::{Bench, Rate};
pub use drive::{Meters, Tools, record};
pub use load::Load;
pub use plan::{Plan, SHORTEST};
pub use recorded::{LoadEdge, Recorded, StepRecord};

#[cfg(test)]
mod tests;
