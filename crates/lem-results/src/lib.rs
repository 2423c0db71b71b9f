#![doc = include_str!("../README.md")]

mod atomic;
pub mod comparison;
mod digest;
mod error;
pub mod export;
pub mod figure;
mod folder;
mod id;
mod json;
mod layout;
pub mod number;
mod output_file;
mod parquet;
mod profiles;
pub mod record;
pub mod report;
mod stored;
mod study;
mod verify;

pub use digest::sha256;
pub use error::ResultsError;
pub use folder::{Headline, ListEntry, RawCycle, RawFiles, ResultsFolder};
pub use id::new_experiment_id;
pub use output_file::OutputFile;
pub use profiles::ProfileFolder;
pub use record::SchemaVersion;
pub use stored::{StoredResult, setting_text, varying_settings};
pub use study::StudyFolder;
pub use verify::ReasonCode;
