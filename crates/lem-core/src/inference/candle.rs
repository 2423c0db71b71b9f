//! The in-process engine: llama-family decoders from GGUF files, on candle, on the CPU.
//!
//! A file goes `gguf` (is it sound?) → `config` (what does it describe?) → `weights` (as tensors) → `decoder` (tokens
//! to logits) → `generation` (logits to tokens, with events) → [`CandleEngine`]. Start at [`CandleLoader`] to run what
//! an experiment names, at [`CandleEngine::load`] to run a file.
//!
//! Weights are dequantised to f32 at load: candle has no vector kernels for several quantised types, and widens half
//! precision on every product, so f32 is its fastest form on a CPU. The facts of a run say so.

mod attention;
mod config;
mod decoder;
mod engine;
mod error;
mod executed;
mod file_digest;
mod generation;
mod gguf;
mod index;
mod kernels;
mod kv_cache;
mod linear;
mod loader;
mod log_probability;
mod memory;
mod rotary;
mod threads;
mod weights;

#[cfg(test)]
mod tests;

pub use engine::CandleEngine;
pub use error::EngineError;
pub use loader::CandleLoader;
