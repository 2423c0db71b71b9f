//! Angles of rotary embeddings, and turning by them.

use crate::inference::architecture::{Pairing, Rotary, Table};

/// Angles of every position up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct Angles {
    pairing: Pairing,
    pairs: usize,
    table: Table,
}

impl Angles {
    /// Angles of positions below `positions`, as [`Rotary::table`] has them.
    pub(crate) fn new(rotary: &Rotary, positions: usize) -> Self {
        Self { pairing: rotary.pairing, pairs: rotary.frequencies.len(), table: rotary.table(positions) }
    }

    /// As [`Table::line`].
    #[inline(always)]
    pub(crate) fn line(&self, position: usize, context: usize) -> usize {
        self.table.line(position, context)
    }

    /// Turns the first dimensions of a head by the angles of a line.
    #[inline(always)]
    pub(crate) fn turn(&self, line: usize, head: &mut [f32]) {
        let pairs = self.pairs;
        let (cosines, sines) = self.table.values[line * 2 * pairs..][..2 * pairs].split_at(pairs);
        match self.pairing {
            Pairing::Halves => {
                let (first, second) = head[..2 * pairs].split_at_mut(pairs);
                for (((first, second), cosine), sine) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
                    (*first, *second) = (*first * cosine - *second * sine, *second * cosine + *first * sine);
                }
            }
            Pairing::Neighbours => {
                for ((pair, cosine), sine) in head[..2 * pairs].chunks_exact_mut(2).zip(cosines).zip(sines) {
                    (pair[0], pair[1]) = (pair[0] * cosine - pair[1] * sine, pair[1] * cosine + pair[0] * sine);
                }
            }
        }
    }
}
