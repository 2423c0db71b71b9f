//! Whether a result could be written, found out without leaving a trace.

use super::ResultsFolder;
use crate::error::ResultsError;
use std::path::Path;

impl ResultsFolder {
    /// Makes a file without a name in the folder or, where that is not made yet, in the nearest one above it.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn try_writing(&self) -> Result<(), ResultsError> {
        let made = self.root().ancestors().find(|folder| folder.exists());
        // Above a relative path stands the folder that the program runs in, whose name is empty here.
        let folder = made.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(folder).map(drop).map_err(|error| ResultsError::writing(folder, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_could_be_made_is_writable_and_what_lies_below_a_file_is_not() {
        let above = tempfile::tempdir().expect("a folder");
        std::fs::write(above.path().join("file"), "").expect("written");
        let writable = |below: &str| ResultsFolder::new(above.path().join(below)).try_writing().is_ok();
        assert!(writable("") && writable("a/b"));
        assert!(!writable("file") && !writable("file/a"));
        assert!(ResultsFolder::new("no-such-folder/a".into()).try_writing().is_ok(), "below the folder that the test runs in");
        assert_eq!(std::fs::read_dir(above.path()).expect("read").count(), 1, "nothing is left behind");
    }
}
