//! JSON: an array of records, or JSON Lines. A file that begins with `[` is an array, whatever its name says.

use super::lines::{next_line, skip_mark};
use super::metered::{Metered, RecordEnd};
use super::{FileRead, Place, Record, Sink, Wanted};
use crate::dataset::DatasetError;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Reads the records of a file.
pub(super) fn read(path: &Path, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<FileRead, DatasetError> {
    let (file, end) = Metered::open(path)?;
    let mut reader = BufReader::new(file);
    let unreadable = |source| DatasetError::Unreadable { path: path.to_owned(), source };
    skip_mark(&mut reader).map_err(unreadable)?;
    let lines_before = skip_white_space(&mut reader).map_err(unreadable)?;
    let mut records = Records { path, wanted, sink, end, columns: Columns::Unknown };
    if reader.fill_buf().map_err(unreadable)?.starts_with(b"[") {
        records.read_array(&mut reader)?;
    } else {
        records.read_lines(&mut reader, lines_before)?;
    }
    let columns = records.columns.names();
    let sha256 = reader.into_inner().finish().map_err(unreadable)?;
    Ok(FileRead { sha256, columns, is_whole: true })
}

/// Skips white space at the beginning; how many lines that were.
fn skip_white_space(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut lines = 0;
    while let Some(&byte) = reader.fill_buf()?.first()
        && byte.is_ascii_whitespace()
    {
        lines += u64::from(byte == b'\n');
        reader.consume(1);
    }
    Ok(lines)
}

/// What is known of the columns; the first object decides.
enum Columns {
    Unknown,
    Named(Vec<String>),
    /// Records are values as a whole.
    None,
}

impl Columns {
    fn names(self) -> Vec<String> {
        match self {
            Self::Named(names) => names,
            Self::Unknown | Self::None => Vec::new(),
        }
    }
}

struct Records<'a> {
    path: &'a Path,
    wanted: &'a Wanted<'a>,
    sink: &'a mut dyn Sink,
    end: RecordEnd,
    columns: Columns,
}

impl Records<'_> {
    fn read_lines(&mut self, reader: &mut impl BufRead, lines_before: u64) -> Result<(), DatasetError> {
        let mut line = Vec::new();
        let mut number = lines_before;
        while next_line(reader, &mut line).map_err(|source| DatasetError::Unreadable { path: self.path.to_owned(), source })? {
            number += 1;
            self.end.mark();
            if !line.trim_ascii().is_empty() {
                let place = Place::Line(number);
                let record = serde_json::from_slice(&line);
                self.take(place, record.map_err(|error| self.damaged(place, error))?)?;
            }
        }
        Ok(())
    }

    fn read_array(&mut self, reader: impl BufRead) -> Result<(), DatasetError> {
        let mut refused = None;
        let mut number = 0;
        let mut deserializer = serde_json::Deserializer::from_reader(reader);
        let read = deserializer.deserialize_seq(Array { records: self, number: &mut number, refused: &mut refused });
        let read = read.and_then(|()| deserializer.end());
        match (refused, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(self.damaged(Place::Row(number + 1), error)),
            (None, Ok(())) => Ok(()),
        }
    }

    fn damaged(&self, place: Place, error: serde_json::Error) -> DatasetError {
        DatasetError::Damaged { path: self.path.to_owned(), place: Some(place.to_string()), source: error.into() }
    }

    /// A record that lacks a column of the first one has no value there.
    fn take(&mut self, place: Place, record: Value) -> Result<(), DatasetError> {
        let Value::Object(mut fields) = record else {
            if matches!(self.columns, Columns::Unknown) {
                self.wanted.of_no_columns(self.path)?;
                self.columns = Columns::None;
            }
            return self.sink.take(Record { place, columns: &[], values: vec![record] });
        };
        if !matches!(self.columns, Columns::Named(_)) {
            let present: Vec<_> = fields.keys().collect();
            let chosen = self.wanted.choose(self.path, &present)?;
            self.columns = Columns::Named(chosen.into_iter().map(|column| present[column].clone()).collect());
        }
        let Columns::Named(columns) = &self.columns else { unreachable!("it was just made so") };
        let values = columns.iter().map(|name| fields.remove(name).unwrap_or(Value::Null)).collect();
        self.sink.take(Record { place, columns, values })
    }
}

/// Takes the elements of an array one by one.
struct Array<'a, 'b> {
    records: &'a mut Records<'b>,
    number: &'a mut u64,
    /// The error that ended the reading, when it is not one of JSON.
    refused: &'a mut Option<DatasetError>,
}

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(record) = elements.next_element::<Value>()? {
            *self.number += 1;
            self.records.end.mark();
            if let Err(error) = self.records.take(Place::Row(*self.number), record) {
                *self.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}
