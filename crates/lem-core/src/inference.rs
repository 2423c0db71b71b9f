//! Engines, and what they share: grouping requests and choosing tokens.

mod architecture;
pub mod arrivals;
pub mod batching;
pub mod candle;
mod checkpoint;
pub mod command;
mod cpu;
mod executed;
mod executor;
mod numbers;
mod rows;
pub mod sampling;
pub mod server;
pub mod simulated;
#[cfg(any(feature = "cuda", test))]
mod tensor;
mod weights;
