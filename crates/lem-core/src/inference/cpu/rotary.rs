//! Angles of rotary embeddings, and turning by them.

use crate::inference::architecture::{Pairing, Rotary};

/// Cosines and sines of every position up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct Angles {
    pairing: Pairing,
    pairs: usize,
    /// `[position][cosines of all pairs, then sines]`, times the magnitude.
    table: Vec<f32>,
}

impl Angles {
    /// Angles of positions below `positions`, which decides whether the frequencies of long contexts are used.
    pub(crate) fn new(rotary: &Rotary, positions: usize) -> Self {
        let frequencies = match &rotary.long {
            Some((usual, long)) if positions > *usual => long,
            _ => &rotary.frequencies,
        };
        let magnitude = f64::from(rotary.magnitude);
        let mut table = Vec::with_capacity(positions * 2 * frequencies.len());
        for position in 0..positions {
            #[expect(clippy::cast_precision_loss, reason = "positions stay far below 2^53")]
            let angle = |frequency: &f64| position as f64 * frequency;
            #[expect(clippy::cast_possible_truncation, reason = "angles are computed in f64 and applied in f32")]
            let scaled = |value: f64| (value * magnitude) as f32;
            table.extend(frequencies.iter().map(|frequency| scaled(angle(frequency).cos())));
            table.extend(frequencies.iter().map(|frequency| scaled(angle(frequency).sin())));
        }
        Self { pairing: rotary.pairing, pairs: frequencies.len(), table }
    }

    /// Turns the first dimensions of a head.
    #[inline(always)]
    pub(crate) fn turn(&self, position: usize, head: &mut [f32]) {
        let pairs = self.pairs;
        let (cosines, sines) = self.table[position * 2 * pairs..][..2 * pairs].split_at(pairs);
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
