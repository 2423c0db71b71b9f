//! One file that a user names for a document: what it held stays until there is something to put in its place.

use crate::atomic;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that can be written and has not been yet.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// A temporary file beside it, which takes its place.
    Replaced(NamedTempFile),
    /// A pipe or a device, whose place nothing can take.
    Special(File),
}

impl OutputFile {
    /// Makes sure that the file can be written, and leaves it as it is.
    ///
    /// # Errors
    /// When its folder is missing or nothing can be written there.
    pub fn prepare(path: &Path) -> io::Result<Self> {
        // A link stays, and what it leads to is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_special = fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
        let target = if is_special {
            Target::Special(File::options().write(true).open(&path)?)
        } else if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        } else {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Target::Replaced(atomic::temporary(folder, &path)?)
        };
        Ok(Self { path, target })
    }

    /// Writes the whole content.
    ///
    /// # Errors
    /// When the disk is full, for example. A file then holds what it held before.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self.target {
            Target::Replaced(temporary) => atomic::persist(temporary, &self.path, bytes),
            Target::Special(mut file) => file.write_all(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_there_is_something_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("energy.json");
        fs::write(&path, "old").expect("written");
        std::os::unix::fs::symlink(&path, folder.path().join("link")).expect("linked");
        drop(OutputFile::prepare(&path).expect("writable"));
        assert_eq!(fs::read(&path).expect("there"), b"old");
        OutputFile::prepare(&folder.path().join("link")).expect("writable").write(b"new").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"new");
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_cannot_be_written_is_told_before_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        for below in ["", "none/energy.json"] {
            OutputFile::prepare(&folder.path().join(below)).expect_err("no file");
        }
        OutputFile::prepare(Path::new("/dev/null")).expect("writable").write(b"gone").expect("written");
    }
}
