//! Turning of queries and keys by their positions.

use super::batch::number;
use super::layout::Placement;
use crate::inference::architecture::{Pairing, Rotary, Table};
use candle_core::{D, Result, Tensor};
use candle_nn::rotary_emb::{rope, rope_i};

/// Cosines and sines of every position up to a limit.
#[derive(Debug)]
pub(super) struct Angles {
    pairing: Pairing,
    table: Table,
    /// `[lines, pairs]`, times the magnitude.
    cosines: Tensor,
    sines: Tensor,
}

/// Cosines and sines of a pass's tokens.
pub(super) struct Turn {
    pairing: Pairing,
    /// `[tokens, 1, pairs]`.
    cosines: Tensor,
    sines: Tensor,
}

impl Angles {
    /// Angles of positions below `positions`, as [`Rotary::table`] has them.
    pub(super) fn new(rotary: &Rotary, positions: usize, place: &Placement) -> Result<Self> {
        let pairs = rotary.frequencies.len();
        let mut table = rotary.table(positions);
        let values = std::mem::take(&mut table.values);
        let lines = values.len() / (2 * pairs);
        let values = Tensor::from_vec(values, (lines, 2, pairs), &place.device)?.to_dtype(place.precision)?;
        let of = |index| values.narrow(1, index, 1)?.squeeze(1)?.contiguous();
        Ok(Self { pairing: rotary.pairing, table, cosines: of(0)?, sines: of(1)? })
    }

    /// Those of tokens at these positions, `[tokens]`; `places` are the same with the most tokens of their texts.
    pub(super) fn at(&self, positions: &Tensor, places: impl Iterator<Item = (usize, usize)>) -> Result<Turn> {
        let lines = if self.table.is_plain() {
            positions.clone()
        } else {
            let lines: Vec<_> = places.map(|(position, context)| number(self.table.line(position, context))).collect();
            Tensor::from_vec(lines, positions.shape(), positions.device())?
        };
        let of = |table: &Tensor| table.index_select(&lines, 0)?.unsqueeze(1);
        Ok(Turn { pairing: self.pairing, cosines: of(&self.cosines)?, sines: of(&self.sines)? })
    }
}

impl Turn {
    /// Turns the first dimensions of heads, `[tokens, heads, width]`.
    pub(super) fn apply(&self, values: &Tensor) -> Result<Tensor> {
        let width = values.dim(D::Minus1)?;
        let turning = 2 * self.cosines.dim(D::Minus1)?;
        if turning == width {
            return self.turn(values);
        }
        let turned = self.turn(&values.narrow(D::Minus1, 0, turning)?)?;
        Tensor::cat(&[&turned, &values.narrow(D::Minus1, turning, width - turning)?], D::Minus1)
    }

    /// candle's kernels take batches of sequences with angles of their own: here, a batch of sequences of one token.
    fn turn(&self, values: &Tensor) -> Result<Tensor> {
        let values = values.contiguous()?.unsqueeze(2)?;
        let turned = match self.pairing {
            Pairing::Halves => rope(&values, &self.cosines, &self.sines),
            Pairing::Neighbours => rope_i(&values, &self.cosines, &self.sines),
        };
        turned?.squeeze(2)
    }
}
