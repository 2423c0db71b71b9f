//! Results as tables for other programs and for papers.
//!
//! Start at [`export`]. Every number keeps what questions it: its unit is in the name of its column, and uncertainty, grade,
//! boundary and the reason of an absence stand beside it. A missing value is empty or null, never 0.

mod csv;
mod json;
mod latex;
mod layout;
mod markdown;
mod paper;
mod parquet;
mod table;

pub use layout::Layout;

use crate::error::ResultsError;
use crate::stored::StoredResult;

/// What a table is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header.
    Csv,
    /// An array of objects.
    Json,
    /// One Parquet file.
    Parquet,
    /// A table of GitHub-flavoured Markdown.
    Markdown,
    /// A `tabular` of LaTeX with the rules of the package booktabs.
    Latex,
}

/// Writes results as a table, in the order in which they are given.
///
/// CSV, JSON and Parquet hold every figure. Markdown and LaTeX are for people: the wide table holds the headline figures with
/// the settings that tell the results apart, the long one every figure of each result.
///
/// # Errors
/// When the Parquet file cannot be encoded.
pub fn export(results: &[StoredResult], format: Format, layout: Layout) -> Result<Vec<u8>, ResultsError> {
    let text = match (format, layout) {
        (Format::Csv, _) => csv::write(&layout.table(results)),
        (Format::Json, _) => json::write(&layout.table(results)),
        (Format::Parquet, _) => return parquet::write(layout.table(results)),
        (Format::Markdown, Layout::Wide) => markdown::write(&paper::headlines(results)),
        (Format::Markdown, Layout::Long) => markdown::write(&paper::all(results)),
        (Format::Latex, Layout::Wide) => latex::write(&paper::headlines(results)),
        (Format::Latex, Layout::Long) => latex::write(&paper::all(results)),
    };
    Ok(text.into_bytes())
}
