//! Stored results side by side, and whether one is better than another (MEASUREMENT.md §8).
//!
//! Works on the figures of bundles alone. Energy comes from cycles: a result with one cycle is one repetition, and several
//! results of one configuration may stand together as the repetitions of one arm.

mod arm;
mod judged;
mod side_by_side;

pub use arm::Repetitions;
pub use judged::{ComparisonSettings, compare_arms, compare_family};
pub use side_by_side::side_by_side;
