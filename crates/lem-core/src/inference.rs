//! Engines, and what they share: grouping requests and choosing tokens.

mod architecture;
pub mod batching;
pub mod candle;
mod checkpoint;
mod cpu;
mod executed;
mod forward;
pub mod sampling;
pub mod simulated;
