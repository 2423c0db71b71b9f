//! How things look on a terminal. Meaning never rests on colour alone.

pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod out;
pub(crate) mod summary;
