//! Engines, and what they share: grouping requests and choosing tokens.

pub mod batching;
pub mod candle;
pub mod sampling;
pub mod simulated;
