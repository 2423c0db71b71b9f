//! What is done with the weights while they are loaded.

use crate::section::section;

section! {
    /// What is done with the weights while they are loaded. Left out, they run as they are stored.
    Quantization from RawQuantization {
        /// Quantise floating-point matrices to eight bits.
        load_in_8bit: bool = false,
        /// Quantise floating-point matrices to four bits.
        load_in_4bit: bool = false,
    }
}
