//! Text with a record a line.

use super::metered::Metered;
use super::{FileRead, Place, Record, Sink, Wanted};
use crate::dataset::DatasetError;
use serde_json::Value;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Some editors begin a UTF-8 file with it; it is no part of the first record.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads the lines of a text that are not empty.
///
/// Lines end with `\n` or `\r\n`; a line keeps its own leading and trailing white space, since a tokenizer sees it.
pub(super) fn read(path: &Path, wanted: &Wanted<'_>, sink: &mut dyn Sink) -> Result<FileRead, DatasetError> {
    wanted.of_no_columns(path)?;
    let (file, end) = Metered::open(path)?;
    let mut reader = BufReader::new(file);
    let unreadable = |source| DatasetError::Unreadable { path: path.to_owned(), source };
    skip_mark(&mut reader).map_err(unreadable)?;
    let mut line = Vec::new();
    let mut number = 0;
    while next_line(&mut reader, &mut line).map_err(unreadable)? {
        number += 1;
        end.mark();
        let text = std::str::from_utf8(&line).map_err(|source| DatasetError::NotUtf8 { path: path.to_owned(), line: number, source })?;
        if !text.trim().is_empty() {
            sink.take(Record { place: Place::Line(number), columns: &[], values: vec![Value::String(text.to_owned())] })?;
        }
    }
    let sha256 = reader.into_inner().finish().map_err(unreadable)?;
    Ok(FileRead { sha256, columns: Vec::new(), is_whole: true })
}

/// Skips a byte order mark at the beginning.
pub(super) fn skip_mark(reader: &mut impl BufRead) -> io::Result<()> {
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    Ok(())
}

/// Reads a line without its end; `false` at the end of the file.
pub(super) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if reader.read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    Ok(true)
}
