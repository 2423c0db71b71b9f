//! The two recorded streams, and tables for other programs, as Parquet. Nothing of polars leaves this module.
//!
//! The README holds the table of columns. Names are strings, so that any Parquet reader shows what a row means;
//! dictionary encoding makes them cost less than a byte.

mod events;
mod samples;

pub(crate) use events::{decode_events, encode_events};
pub(crate) use samples::{decode_samples, encode_samples};

use crate::record::FieldError;
use lem_domain::protocol::BoxError;
use polars::frame::DataFrame;
use polars::io::SerReader;
use polars::prelude::{ChunkedArray, Column, ParallelStrategy, ParquetReader, ParquetWriter, PolarsNumericType};
use std::io::Cursor;

/// Why a stream could not be encoded or decoded.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// The codec failed: the bytes are no whole Parquet file.
    Codec(BoxError),
    /// A column is missing, has another type, or holds a value without meaning.
    Column(FieldError),
}

impl StreamError {
    fn column(name: &str, problem: impl Into<String>) -> Self {
        Self::Column(FieldError::new(name, problem))
    }
}

impl From<FieldError> for StreamError {
    fn from(error: FieldError) -> Self {
        Self::Column(error)
    }
}

fn encode(rows: usize, columns: Vec<Column>) -> Result<Vec<u8>, StreamError> {
    let codec = |error: polars::error::PolarsError| StreamError::Codec(error.into());
    let mut frame = DataFrame::new(rows, columns).map_err(codec)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame).map_err(codec)?;
    Ok(bytes)
}

/// A column of any type, with what is missing.
pub(crate) enum AnyColumn {
    /// Text.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Floating-point numbers.
    Real(Vec<Option<f64>>),
}

/// A table that is no stream, as one Parquet file.
///
/// # Errors
/// When columns differ in length or share a name.
pub(crate) fn encode_table(rows: usize, columns: Vec<(String, AnyColumn)>) -> Result<Vec<u8>, BoxError> {
    let columns = columns.into_iter().map(|(name, column)| match column {
        AnyColumn::Text(cells) => Column::new(name.into(), cells),
        AnyColumn::Whole(cells) => Column::new(name.into(), cells),
        AnyColumn::Real(cells) => Column::new(name.into(), cells),
    });
    let mut frame = DataFrame::new(rows, columns.collect())?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<DataFrame, StreamError> {
    ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None).finish().map_err(|error| StreamError::Codec(error.into()))
}

fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column, StreamError> {
    frame.column(name).map_err(|_| StreamError::column(name, "the column is missing"))
}

/// The values of a column that has no nulls.
fn values<'a, T: PolarsNumericType>(
    frame: &'a DataFrame,
    name: &str,
    typed: impl FnOnce(&'a Column) -> polars::error::PolarsResult<&'a ChunkedArray<T>>,
) -> Result<Vec<T::Native>, StreamError> {
    let column = column(frame, name)?;
    let array = typed(column).map_err(|_| StreamError::column(name, format!("unexpected type {}", column.dtype())))?;
    if array.null_count() > 0 {
        return Err(StreamError::column(name, format!("{} values are missing", array.null_count())));
    }
    Ok(array.into_no_null_iter().collect())
}
