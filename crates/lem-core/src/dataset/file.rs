//! Files of records: lines of text, JSON Lines, a JSON array, CSV or TSV, Parquet. The ending of the name says which.
//!
//! Every reader takes one record after the other and holds no more than one in memory (Parquet: one page a column).

mod columns;
mod csv_table;
mod json;
mod lines;
mod metered;
mod parquet_table;

pub(super) use columns::Wanted;

use super::DatasetError;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    Parquet,
    Json,
    Csv,
    Tsv,
    /// A record a line, and no columns.
    Lines,
}

impl Format {
    /// The format that the ending of a name says; lines of text where it says none.
    pub(super) fn of(path: &Path) -> Self {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("parquet") => Self::Parquet,
            Some("json" | "jsonl" | "ndjson") => Self::Json,
            Some("csv") => Self::Csv,
            Some("tsv") => Self::Tsv,
            _ => Self::Lines,
        }
    }
}

/// Where in its file a record stands, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Line(u64),
    Row(u64),
}

impl Place {
    /// The record's name in a source that has `before` lines or rows before this file.
    pub(super) fn id(self, before: u64) -> String {
        match self {
            Self::Line(line) => format!("line-{}", before + line),
            Self::Row(row) => format!("row-{}", before + row),
        }
    }

    pub(super) fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Row(row) => write!(formatter, "row {row}"),
        }
    }
}

/// A record of a file.
pub(super) struct Record<'a> {
    pub(super) place: Place,
    /// Names of the columns that were wanted; none for a record that is a value as a whole.
    pub(super) columns: &'a [String],
    /// Their values.
    pub(super) values: Vec<Value>,
}

/// What takes the records of a file.
pub(super) trait Sink {
    /// Takes one.
    fn take(&mut self, record: Record<'_>) -> Result<(), DatasetError>;

    /// Whether the rest of a file need not be read, where that spares work: a file that must be read through for its
    /// digest is.
    fn is_full(&self) -> bool {
        false
    }
}

/// What is known of a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileRead {
    /// SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
    /// The columns that were read; none where the file has none.
    pub(super) columns: Vec<String>,
    /// Whether all records were taken.
    pub(super) is_whole: bool,
}

/// Reads the wanted columns of a file into `sink`. `format` is not asked of the path, which may be one in a cache.
pub(super) fn read(path: &Path, format: Format, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<FileRead, DatasetError> {
    match format {
        Format::Parquet => parquet_table::read(path, wanted, sink),
        Format::Json => json::read(path, wanted, sink),
        Format::Csv => csv_table::read(path, b',', wanted, sink),
        Format::Tsv => csv_table::read(path, b'\t', wanted, sink),
        Format::Lines => lines::read(path, wanted, sink),
    }
}
