//! Writes that a crash cannot tear: the old content or the new, never a part.

use crate::error::ResultsError;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tempfile::NamedTempFile;

/// Replaces the content of `path`.
///
/// The bytes go to a temporary file in the same folder, which is flushed and renamed; then the folder is flushed, so
/// that the new name survives a power cut as well. Left-over temporary files start with a dot and end in `.tmp`, which
/// no file of a bundle does.
///
/// # Errors
/// When the folder is missing or cannot be written, or the disk is full. The old content is then still there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ResultsError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    replace(folder, path, bytes).map_err(|source| ResultsError::writing(path, source))
}

/// Flushes the list of names of a folder.
///
/// # Errors
/// When the folder cannot be opened or flushed.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), ResultsError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| ResultsError::writing(folder, source))
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    persist(temporary(folder, path)?, path, bytes)?;
    File::open(folder)?.sync_all()
}

/// A file beside `path` whose content is to become that of `path`; it is gone when this is dropped.
pub(crate) fn temporary(folder: &Path, path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Not `tempfile_in`: its files are private to the owner, while results are shared as far as the umask lets them be, and
    // its errors name a file that no user has asked for.
    tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".tmp")
        .make_in(folder, |path| File::options().read(true).write(true).create_new(true).mode(0o666).open(path))
}

/// Puts the bytes into the temporary file and that in the place of `path`.
pub(crate) fn persist(mut temporary: NamedTempFile, path: &Path, bytes: &[u8]) -> io::Result<()> {
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        // A folder in the place of the file cannot be replaced by a file.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("inner")).unwrap();
        assert!(write(&taken, b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(matches!(write(&folder.path().join("no/file"), b"x"), Err(ResultsError::Unwritable { .. })));
    }
}
