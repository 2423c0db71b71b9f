//! A file that is digested while it is read, and in which no record may be endless.

use crate::dataset::DatasetError;
use crate::digest::hexadecimal;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// Most bytes that are read for one record. The longest conversations of published sets are a hundredth of that; a quote
/// that is never closed would take the rest of the file into memory.
const MAX_RECORD_BYTES: u64 = 64 << 20;

/// The reading end.
pub(super) struct Metered {
    file: File,
    hasher: Sha256,
    since_record: Rc<Cell<u64>>,
}

/// Says that a record ended.
pub(super) struct RecordEnd(Rc<Cell<u64>>);

impl Metered {
    pub(super) fn open(path: &Path) -> Result<(Self, RecordEnd), DatasetError> {
        let unreadable = |source| DatasetError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let since_record = Rc::new(Cell::new(0));
        Ok((Self { file, hasher: Sha256::new(), since_record: Rc::clone(&since_record) }, RecordEnd(since_record)))
    }

    /// SHA-256 of the whole file, in hexadecimal; reads what is left of it.
    pub(super) fn finish(mut self) -> io::Result<String> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(hexadecimal(self.hasher)),
                n_bytes => self.hasher.update(&buffer[..n_bytes]),
            }
        }
    }
}

impl RecordEnd {
    pub(super) fn mark(&self) {
        self.0.set(0);
    }
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_record.get() > MAX_RECORD_BYTES {
            return Err(io::Error::other(format!("a record goes on for more than {} MiB", MAX_RECORD_BYTES >> 20)));
        }
        let n_bytes = self.file.read(buffer)?;
        self.hasher.update(&buffer[..n_bytes]);
        self.since_record.set(self.since_record.get() + n_bytes as u64);
        Ok(n_bytes)
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn digest(path: &Path) -> Result<String, DatasetError> {
    let (file, _) = Metered::open(path)?;
    file.finish().map_err(|source| DatasetError::Unreadable { path: path.to_owned(), source })
}
