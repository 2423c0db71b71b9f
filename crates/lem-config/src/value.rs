//! Types of single settings: how they are written, checked and written back.

mod choice;
mod decimal;
mod duration;
mod quantity;
mod sample_size;
mod words;

pub(crate) use choice::{Choice, Word};
pub(crate) use quantity::Quantity;
pub(crate) use sample_size::SampleSize;
pub(crate) use words::{DecoderPreset, PromptKind};
