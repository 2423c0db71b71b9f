//! A table whose cells know what is missing.

use crate::figure::Number;

/// Named columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Missing,
    Text(String),
    Number(Number),
}

impl Table {
    /// Appends a row. Columns that it has and the table has not are added, with nothing above; those that it lacks stay empty.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = (String, Cell)>) {
        for (place, (name, cell)) in row.into_iter().enumerate() {
            // Rows nearly always have the same columns in the same order.
            let known = self.columns.get(place).is_some_and(|column| column.name == name);
            let found = if known { Some(place) } else { self.columns.iter().position(|column| column.name == name) };
            let column = found.unwrap_or_else(|| {
                self.columns.push(Column { name, cells: vec![Cell::Missing; self.rows] });
                self.columns.len() - 1
            });
            self.columns[column].cells.push(cell);
        }
        self.rows += 1;
        for column in &mut self.columns {
            column.cells.resize(self.rows, Cell::Missing);
        }
    }

    /// The cells of a row, in the order of the columns.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (&str, &Cell)> {
        self.columns.iter().map(move |column| (column.name.as_str(), &column.cells[row]))
    }
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Missing, Self::text)
    }

    pub(super) fn count(count: u64) -> Self {
        Self::Number(Number::Count(count.into()))
    }

    pub(super) fn real(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, |value| Self::Number(Number::Real(value)))
    }

    pub(super) fn number(number: Option<Number>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}
