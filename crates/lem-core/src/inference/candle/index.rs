//! Numbers of a model, which have 32 bits, as positions in memory.

/// A number of a model as a position or a length.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).expect("pointers have at least 32 bits on every platform that candle runs on")
}
