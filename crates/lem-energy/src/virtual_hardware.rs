//! Virtual hardware: sensor models of known properties over a ground truth of power, and the record a session of them
//! leaves. What an estimator makes of the record can be held against the truth.
//!
//! Start at [`SensorModel`] and [`record`]; [`PowercapTree`] is the same on the real clock, below the code that reads files.

mod model;
mod powercap;
mod recording;

pub use model::{Fault, SensorModel, Shows, Updates, unit};
pub use powercap::{PowercapTree, Zone};
pub use recording::{Scheduling, VirtualSensor, record};
