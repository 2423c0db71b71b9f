//! One Parquet file: text, whole numbers of 64 bits where all of a column are that, and floating-point numbers.

use super::table::{Cell, Column, Table};
use crate::error::ResultsError;
use crate::figure::Number;
use crate::parquet::{AnyColumn, encode_table};
use std::path::Path;

pub(super) fn write(table: Table) -> Result<Vec<u8>, ResultsError> {
    let columns = table.columns.into_iter().map(|column| (column.name.clone(), typed(column))).collect();
    encode_table(table.rows, columns).map_err(|source| ResultsError::Stream { path: Path::new("export.parquet").to_owned(), source })
}

/// A column without any number is text: a reader that finds nothing in it loses nothing.
fn typed(column: Column) -> AnyColumn {
    let numbers = || column.cells.iter().filter_map(|cell| if let Cell::Number(number) = cell { Some(*number) } else { None });
    if numbers().next().is_none() {
        return AnyColumn::Text(column.cells.into_iter().map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None }).collect());
    }
    let fits = |number: Number| matches!(number, Number::Count(count) if i64::try_from(count).is_ok());
    if numbers().all(fits) {
        AnyColumn::Whole(column.cells.into_iter().map(whole).collect())
    } else {
        AnyColumn::Real(column.cells.into_iter().map(real).collect())
    }
}

fn whole(cell: Cell) -> Option<i64> {
    match cell {
        Cell::Number(Number::Count(count)) => i64::try_from(count).ok(),
        _ => None,
    }
}

fn real(cell: Cell) -> Option<f64> {
    if let Cell::Number(number) = cell { Some(number.approximate()) } else { None }
}
