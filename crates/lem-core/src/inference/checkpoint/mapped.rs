//! A file in memory, by mapping.

use memmap2::{Advice, Mmap, UncheckedAdvice};
use std::fs::File;
use std::io;
use std::path::Path;

/// A read-only mapping of a whole file.
#[derive(Debug)]
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a file.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    #[expect(unsafe_code, reason = "a mapping is a slice that another process could change")]
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: weights are read once, while the model loads. Whoever overwrites them at that time gives a damaged model
        // or a signal that ends this process, which is what a file that changes while it is read comes to either way.
        let mapping = unsafe { Mmap::map(&file)? };
        // Advice only; without it reading is slower.
        let _ = mapping.advise(Advice::Sequential);
        Ok(Self(mapping))
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes a part of these bytes out of this process's memory, until they are read again.
    #[expect(unsafe_code, reason = "the advice is unsafe for mappings that can be written")]
    pub(crate) fn release(&self, part: &[u8]) {
        const PAGE: usize = 4096;
        let start = (part.as_ptr().addr() - self.0.as_ptr().addr()).next_multiple_of(PAGE);
        let end = (part.as_ptr().addr() - self.0.as_ptr().addr() + part.len()) / PAGE * PAGE;
        if start < end {
            // SAFETY: nobody writes to a read-only mapping of a file, so its pages read the same afterwards.
            let _ = unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
        }
    }
}
