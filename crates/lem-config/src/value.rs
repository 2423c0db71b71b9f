//! Types of single settings: how they are written, checked and written back.

mod choice;
mod currency;
mod decimal;
mod device;
mod duration;
mod quantity;
mod region;
mod sample_size;
mod sources;
mod text_list;
mod words;

pub(crate) use choice::{Choice, Word};
pub(crate) use currency::Currency;
pub(crate) use device::Device;
pub(crate) use quantity::Quantity;
pub(crate) use region::Region;
pub(crate) use sample_size::SampleSize;
pub(crate) use sources::{NOT_A_SOURCE, REPEATED, SourceWord, Sources};
pub(crate) use text_list::TextList;
pub(crate) use words::{DecoderPreset, PromptKind, SpeculationKind};
