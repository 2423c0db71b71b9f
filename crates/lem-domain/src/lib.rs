#![doc = include_str!("../README.md")]

pub mod backend;
pub mod clock;
pub mod counter;
pub mod derive;
pub mod finding;
pub mod flops;
pub mod identity;
pub mod idle;
pub mod impact;
pub mod profile;
pub mod protocol;
pub mod quantity;
pub mod record;
pub mod sensor;
pub mod spec;
pub mod statistics;
pub mod study;
pub mod time;
pub mod token;
pub mod traffic;
pub mod uncertainty;
pub mod units;
pub mod world;

pub use clock::{Clock, HostClock};
pub use finding::{Finding, FindingCode, Severity};
pub use identity::{DeviceId, ExperimentId};
pub use quantity::{Boundary, Grade, Quantity, Validity};
pub use time::{TimeWindow, Timestamp};
pub use uncertainty::Uncertainty;
