#![doc = include_str!("../README.md")]

mod atomic;
mod digest;
mod error;
mod folder;
mod id;
mod json;
mod layout;
mod output_file;
mod parquet;
mod profiles;
pub mod record;

pub use digest::sha256;
pub use error::ResultsError;
pub use folder::{Headline, ListEntry, RawFiles, ResultsFolder};
pub use id::new_experiment_id;
pub use output_file::OutputFile;
pub use profiles::ProfileFolder;
pub use record::SchemaVersion;
