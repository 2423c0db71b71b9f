//! Devices as a tree: sources, their boards and sockets, the parts and the sensors of each.

mod report;
mod text;

pub(crate) use report::Report;
pub(crate) use text::tree;

#[cfg(test)]
mod tests;
