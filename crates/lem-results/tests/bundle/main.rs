//! Bundles and profiles on disk, through the public interface: what is written is read back, and what is damaged is named.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod aggregation;
mod comparing;
mod corruption;
mod crash;
mod cycles;
mod export;
mod fixture;
mod generate;
mod listing;
mod profiles;
mod report;
mod round_trip;
mod support;
mod tampering;
