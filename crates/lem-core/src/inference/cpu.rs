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
mod executor;
mod layout;
mod matrix;
mod memory;
mod norm;
mod panel;
mod pool;
mod rotary;
mod shared;
mod simd;
mod unit;
mod workspace;

pub(crate) use decoder::Decoder;
pub(crate) use executor::{Processor, SharedPool};
pub(crate) use layout::Tiled;
pub(crate) use pool::Pool;
pub(crate) use simd::Level;
