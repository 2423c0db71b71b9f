//! What the JSON documents of a bundle look like, apart from the domain types and converted by hand.
//!
//! Changing a record means a new [`SchemaVersion`], a line in its changelog and a fixture from before the change.

mod field;
mod name;
pub mod v1;
mod version;

pub(crate) use field::{FieldError, finite};
pub use version::SchemaVersion;
