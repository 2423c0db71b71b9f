//! A report: one file of HTML that needs nothing else, neither a network nor a server.
//!
//! Start at [`Report::of`]. Everything that a chart shows is computed here; the page draws it and computes nothing but places
//! on a screen.

mod difference;
mod environment;
mod experiment;
mod explorer;
mod latency;
mod overview;
mod page;
mod pareto;
mod phases;
mod shape;
mod trace;

pub use explorer::Listing;
pub use overview::{Report, ReportError};
pub use page::explorer;
pub use shape::{Meaning, Shape, shapes};
