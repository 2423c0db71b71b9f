//! What the JSON documents look like, apart from the domain types and converted by hand.
//!
//! Changing a record means a new [`SchemaVersion`], a line in its changelog and a fixture from before the change.

pub mod document;
mod field;
mod name;
mod version;

pub(crate) use field::{FieldError, finite};
pub use version::SchemaVersion;
