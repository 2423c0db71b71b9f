//! Where results go.

use crate::section::section;

section! {
    /// Where results go.
    Io from RawIo {
        /// Folder that receives one folder per experiment.
        #[validate(length(min = 1, max = 4096))]
        results_dir: String = "results".to_owned(),
    }
}
