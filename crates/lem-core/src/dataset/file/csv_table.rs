//! CSV and TSV with a line of names (RFC 4180).

use super::metered::Metered;
use super::{FileRead, Place, Record, Sink, Wanted};
use crate::dataset::DatasetError;
use serde_json::Value;
use std::path::Path;

/// Reads the wanted columns. A record is named by its place among the records, since a field may hold line ends.
pub(super) fn read(path: &Path, delimiter: u8, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<FileRead, DatasetError> {
    let (file, end) = Metered::open(path)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let damaged = |place: Option<Place>, source: csv::Error| DatasetError::Damaged {
        path: path.to_owned(),
        place: place.map(|place| place.to_string()),
        source: source.into(),
    };
    let names = reader.headers().map_err(|error| damaged(None, error))?;
    let present: Vec<_> = names.iter().collect();
    let chosen = wanted.choose(path, &present)?;
    let columns: Vec<_> = chosen.iter().map(|&column| present[column].to_owned()).collect();
    end.mark();

    let mut record = csv::StringRecord::new();
    let mut number = 0;
    loop {
        let place = Place::Row(number + 1);
        if !reader.read_record(&mut record).map_err(|error| damaged(Some(place), error))? {
            break;
        }
        number += 1;
        end.mark();
        // The reader refuses records of another length than the line of names.
        let values = chosen.iter().map(|&column| Value::String(record[column].to_owned())).collect();
        sink.take(Record { place, columns: &columns, values })?;
    }
    let sha256 = reader.into_inner().finish().map_err(|source| DatasetError::Unreadable { path: path.to_owned(), source })?;
    Ok(FileRead { sha256, columns, is_whole: true })
}
