//! The in-process engine: decoders of many families, from GGUF and safetensors files.
//!
//! Files become a description (`architecture`) and tensors (`checkpoint`), these the weights of a decoder on the processor
//! (`cpu`) or a GPU (`tensor`), as `target` says; `generation` turns logits to tokens, with events. Start at
//! [`CandleLoader`] to run what an experiment names, at [`CandleEngine::load`] to run a model by its files.

mod draft;
mod engine;
mod error;
mod file_digest;
mod generation;
mod load;
mod loader;
mod log_probability;
mod memory;
mod plan;
mod requests;
mod target;
mod threads;
mod weight_types;

#[cfg(test)]
mod tests;

pub use engine::CandleEngine;
pub use error::EngineError;
pub use loader::CandleLoader;
