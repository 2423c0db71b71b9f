//! Arithmetic of a decoder on candle's tensors: what a GPU runs.
//!
//! It reads the same description and the same checkpoints as `cpu`, and counts what it executes in the same way; which
//! kernels run is up to candle and its device. On candle's CPU device it gives the same logits, which is how it is held
//! to the reference without a GPU.
//!
//! Linear layers see the tokens of all requests together, none of them padded. Attention runs request by request, but
//! for neighbours in the cache that add as many tokens as each other, which share a product: requests that decode do, unless
//! a place between them is free or has a prompt.

mod attention;
mod batch;
mod cache;
mod decoder;
mod device;
mod executor;
mod feed_forward;
mod layout;
mod rotary;

pub(crate) use decoder::Decoder;
#[cfg(feature = "cuda")]
pub(crate) use device::cuda;
pub(crate) use device::{failure, name, precision};
pub(crate) use executor::Accelerator;
pub(crate) use layout::Placement;
