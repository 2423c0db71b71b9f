//! Reading memory in order, as a decoder reads its weights.

use std::hint::black_box;

/// Words that each thread reads: 256 MiB, so that no cache holds a worthwhile part of it.
const WORDS: usize = (256 << 20) / size_of::<u64>();

/// Sums that run at once; one would wait for each addition.
const LANES: usize = 32;

/// A buffer for each thread. Its values differ, so that no page is shared with another.
pub(crate) fn buffers(threads: usize) -> Vec<Vec<u64>> {
    (0..threads).map(|_| (0..WORDS as u64).collect()).collect()
}

/// Reads all of it and says how many bytes that were.
pub(crate) fn read(buffer: &[u64]) -> u64 {
    let mut sums = [0_u64; LANES];
    for words in buffer.chunks_exact(LANES) {
        for (sum, word) in sums.iter_mut().zip(words) {
            *sum ^= word;
        }
    }
    black_box(sums);
    size_of_val(buffer) as u64
}
