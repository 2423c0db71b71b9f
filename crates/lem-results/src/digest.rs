//! SHA-256 of what is written, in hexadecimal.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answer_of_fips_180() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
