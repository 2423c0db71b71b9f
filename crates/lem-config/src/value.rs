//! Types of single settings: how they are written, checked and written back.

mod choice;
mod count_or_word;
mod currency;
mod decimal;
mod device;
mod duration;
mod gpus;
mod lists;
mod quantity;
mod region;
mod sample_size;
mod schedule;
mod sources;
mod table;
mod text_list;
mod variables;
mod words;

pub(crate) use choice::{Choice, Word};
pub(crate) use count_or_word::CountOr;
pub(crate) use currency::Currency;
pub(crate) use device::Device;
pub(crate) use gpus::Gpus;
pub(crate) use lists::{
    AttentionImplementation, CacheImplementation, ExecutorBackend, GgmlCacheType, LayersWord, LoadMode, NumaMode, OnOffAuto,
    SchedulingPolicy, SglangCacheType, SglangPolicy, TensorrtCacheType, TensorrtMethod, TensorrtRuntime, VllmCacheType, VllmDrafter,
};
pub(crate) use quantity::Quantity;
pub(crate) use region::Region;
pub(crate) use sample_size::SampleSize;
pub(crate) use schedule::{Days, Time};
pub(crate) use sources::{NOT_A_SOURCE, REPEATED, SourceWord, Sources};
pub(crate) use table::{Table, setting_value};
pub(crate) use text_list::TextList;
pub(crate) use variables::Variables;
pub(crate) use words::{ArrivalKind, DecoderPreset, LauncherKind, LengthKind, ParallelKind, PromptKind, SpeculationKind};
