//! SHA-256 of a file that may be larger than memory.

use super::EngineError;
use crate::digest::hexadecimal;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;

/// SHA-256 of the bytes of a file, in hexadecimal.
pub(super) fn sha256(path: &Path) -> Result<String, EngineError> {
    let failed = |source| EngineError::Read { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => break,
            length => hasher.update(&chunk[..length]),
        }
    }
    Ok(hexadecimal(hasher))
}
