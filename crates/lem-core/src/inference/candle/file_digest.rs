//! SHA-256 of weight files, computed beside the rest of a load.

use super::EngineError;
use crate::digest::hexadecimal;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A digest in the making. It is given up when this is dropped, as it is when the load fails.
pub(super) struct FileDigest {
    thread: Option<JoinHandle<Result<String, EngineError>>>,
    stop: Arc<AtomicBool>,
}

impl FileDigest {
    /// Starts on the bytes of files, one after the other.
    pub(super) fn start(paths: Vec<PathBuf>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = thread::spawn(move || sha256(&paths, &asked));
        Self { thread: Some(thread), stop }
    }

    /// Waits for it: in hexadecimal.
    pub(super) fn finish(mut self) -> Result<String, EngineError> {
        let thread = self.thread.take().expect("a digest is waited for once");
        thread.join().expect("a digest does not panic")
    }
}

impl Drop for FileDigest {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// SHA-256 of the bytes of files, one after the other, in hexadecimal.
pub(super) fn of(paths: &[PathBuf]) -> Result<String, EngineError> {
    sha256(paths, &AtomicBool::new(false))
}

/// Stops early, with a digest of no meaning, when `stop` is set.
fn sha256(paths: &[PathBuf], stop: &AtomicBool) -> Result<String, EngineError> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    for path in paths {
        let failed = |source| EngineError::Read { path: path.clone(), source };
        let mut file = File::open(path).map_err(failed)?;
        while !stop.load(Ordering::Relaxed) {
            match file.read(&mut chunk).map_err(failed)? {
                0 => break,
                length => hasher.update(&chunk[..length]),
            }
        }
    }
    Ok(hexadecimal(hasher))
}
