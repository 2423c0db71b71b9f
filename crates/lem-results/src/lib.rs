#![doc = include_str!("../README.md")]

mod atomic;
mod digest;
mod error;
mod folder;
mod id;
mod json;
mod layout;
mod parquet;
pub mod record;

pub use digest::sha256;
pub use error::ResultsError;
pub use folder::{Headline, ListEntry, RawFiles, ResultsFolder};
pub use id::new_experiment_id;
pub use record::SchemaVersion;
