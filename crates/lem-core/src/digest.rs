//! How a digest is written.

use sha2::{Digest, Sha256};

/// What a hasher has seen, as 64 lower-case hexadecimal digits.
pub(crate) fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
