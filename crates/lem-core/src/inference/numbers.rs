//! Numbers between the 32 bits of models, the pointers of memory, and the 64 bits of counts.

/// A number of a model as a position or a length.
pub(crate) fn index(number: u32) -> usize {
    usize::try_from(number).expect("pointers have at least 32 bits on every platform that candle runs on")
}

/// A number of things in memory as a count.
pub(crate) fn wide(things: usize) -> u64 {
    u64::try_from(things).expect("what is in memory has fewer than 2^64 parts on every platform")
}
