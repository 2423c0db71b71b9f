//! Parquet: only the wanted columns are read, a page at a time.

use super::metered::digest;
use super::{FileRead, Place, Record, Sink, Wanted};
use crate::dataset::DatasetError;
use lem_domain::protocol::BoxError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Value};
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

/// Reads the wanted columns, and stops when the sink is full.
///
/// The library takes what a file says of itself for granted in places, and panics where that is wrong; such a file is
/// damaged like one that it refuses.
pub(super) fn read(path: &Path, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<FileRead, DatasetError> {
    let sha256 = digest(path)?;
    let rows = panic::catch_unwind(AssertUnwindSafe(|| read_rows(path, wanted, sink)));
    let (columns, is_whole) = rows.unwrap_or_else(|_| Err(damaged(path, None, "its parts contradict each other".into())))?;
    Ok(FileRead { sha256, columns, is_whole })
}

fn read_rows(path: &Path, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<(Vec<String>, bool), DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::Unreadable { path: path.to_owned(), source })?;
    let reader = SerializedFileReader::new(file).map_err(|error| damaged(path, None, error.into()))?;
    let schema = reader.metadata().file_metadata().schema_descr().root_schema();
    let present: Vec<_> = schema.get_fields().iter().map(|field| field.name()).collect();
    let chosen = wanted.choose(path, &present)?;
    let columns: Vec<_> = chosen.iter().map(|&column| present[column].to_owned()).collect();

    // Columns of a projection must stand in the order of the file.
    let mut in_order = chosen;
    in_order.sort_unstable();
    in_order.dedup();
    let fields = in_order.into_iter().map(|column| schema.get_fields()[column].clone()).collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let rows = projection.and_then(|projection| reader.get_row_iter(Some(projection)));
    for (number, row) in (1..).zip(rows.map_err(|error| damaged(path, None, error.into()))?) {
        let place = Place::Row(number);
        let row = row.map_err(|error| damaged(path, Some(place), error.into()))?;
        let mut fields = object(row);
        let values = columns.iter().map(|name| fields.remove(name).unwrap_or(Value::Null)).collect();
        sink.take(Record { place, columns: &columns, values })?;
        if sink.is_full() {
            let rows = reader.metadata().file_metadata().num_rows();
            return Ok((columns, u64::try_from(rows).is_ok_and(|rows| rows <= number)));
        }
    }
    Ok((columns, true))
}

fn damaged(path: &Path, place: Option<Place>, source: BoxError) -> DatasetError {
    DatasetError::Damaged { path: path.to_owned(), place: place.map(|place| place.to_string()), source }
}

fn object(row: Row) -> Map<String, Value> {
    row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect()
}

/// The value of a field, as far as prompts and lengths can be: what is none of them is left as its text, and refused
/// where it is used.
fn value(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => flag.into(),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) => number.into(),
        Field::Long(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float(number) => number.into(),
        Field::Double(number) => number.into(),
        Field::Str(text) => text.into(),
        // Writers that do not mark strings as UTF-8 leave them as bytes.
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into(),
        Field::Group(row) => object(row).into(),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::MapInternal(map) => map.entries().iter().map(|(key, entry)| (key.to_string(), value(entry.clone()))).collect(),
        other @ (Field::Float16(_)
        | Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_)) => other.to_string().into(),
    }
}
