//! Arithmetic of a decoder on the processor: slices, threads and vector instructions.
//!
//! `pool` has the threads, `simd` the vector instructions; `matrix` holds weights and multiplies with them, `attention`
//! mixes what the `cache` holds of a request, `decoder` puts them together.
//!
//! # Why `unsafe` is here
//!
//! Vector instructions that a processor may lack are unsafe to call, threads write to columns of one row-major matrix, and
//! inner loops that check bounds are several times slower. All of it stays below this module, whose edge is safe: sizes
//! are checked where a product or an attention starts, levels of instructions exist only where the processor has them,
//! and every kernel is held to a plain f64 computation at every level that the machine has.
#![expect(unsafe_code, reason = "argued for in the module's documentation")]

mod activations;
mod attention;
mod cache;
mod decoder;
mod matrix;
mod norm;
mod panel;
mod pool;
mod rotary;
mod session;
mod shared;
mod simd;
mod unit;
mod weights;
mod workspace;

pub(crate) use cache::KvCache;
pub(crate) use decoder::Decoder;
pub(crate) use matrix::{Linear, Matrix};
pub(crate) use norm::NormWeights;
pub(crate) use pool::Pool;
pub(crate) use session::{Room, RoomSize, Session};
pub(crate) use simd::Level;
pub(crate) use weights::{DenseWeights, ExpertWeights, FeedForwardWeights, LayerWeights, SharedWeights, Weights};
pub(crate) use workspace::Workspace;
