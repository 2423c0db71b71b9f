//! What is in a model's files.
//!
//! [`Checkpoint`] gives tensors by name, wherever they lie; `names` says what a family calls them, `assemble` puts them
//! together as the weights of a decoder. On the way there `adapter` adds to matrices and `quantise` makes them smaller.

mod adapter;
mod assemble;
mod error;
mod gguf;
mod json;
mod mapped;
mod names;
mod quantise;
mod safetensors;
mod stored;

pub(crate) use adapter::Adapter;
pub(crate) use assemble::{Assembled, Changes, assemble};
pub(crate) use error::CheckpointError;
pub(crate) use gguf::{Gguf, Metadata};
pub(crate) use json::Config;
pub(crate) use mapped::MappedFile;
pub(crate) use names::{ExpertNames, Fused, Names, Projections, SharedNames, UpProjections};
pub(crate) use quantise::{Choice, Quantiser, Role};
pub(crate) use safetensors::Safetensors;
pub(crate) use stored::{Format, Stored, floats, write_floats};

/// A tensor in a file.
#[derive(Clone, Debug)]
pub(crate) struct Tensor<'a> {
    pub(crate) format: Format,
    /// Sizes, the slowest first: `[outputs, inputs]` of a matrix.
    pub(crate) shape: Vec<usize>,
    /// As many as format and shape need; a checkpoint makes sure.
    pub(crate) bytes: &'a [u8],
    /// The file that they are mapped from, if they are.
    pub(crate) file: Option<&'a MappedFile>,
}

/// Tensors by name.
pub(crate) trait Checkpoint {
    /// Names of all tensors.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;

    /// A tensor, when there is one of this name.
    fn get(&self, name: &str) -> Option<Tensor<'_>>;

    /// Gives memory back that holds what was read of a tensor; it is read again when it is needed again.
    fn release(&self, name: &str);
}
