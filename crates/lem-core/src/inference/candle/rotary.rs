//! Rotary position embedding, in the interleaved form: GGUF llamas store query and key weights permuted for it.
//!
//! Su et al. 2021, "RoFormer: Enhanced Transformer with Rotary Position Embedding", arXiv 2104.09864.

use super::EngineError;
use candle_core::{Device, Tensor};
use candle_nn::rotary_emb::rope_i;

/// Angles of every position up to a limit.
#[derive(Debug)]
pub(super) struct Rotary {
    /// Angle per position of each pair of dimensions: `head_dim / 2` values.
    frequencies: Vec<f64>,
    /// `[positions, head_dim / 2]`.
    cosines: Tensor,
    sines: Tensor,
}

/// Cosines and sines of the tokens of one step: `[tokens, 1, head_dim / 2]`.
#[derive(Debug)]
pub(super) struct Angles {
    cosines: Tensor,
    sines: Tensor,
}

impl Rotary {
    /// Frequencies `base^(−2i / head_dim)`, each divided by its factor when the model has some (`rope_freqs`, the
    /// long-context scaling of Llama 3).
    pub(super) fn new(head_dim: usize, base: f64, factors: Option<&[f32]>) -> Result<Self, EngineError> {
        let pairs = head_dim / 2;
        let frequencies: Vec<f64> = (0..pairs)
            .map(|pair| base.powf(-2.0 * real(pair) / real(head_dim)) / factors.map_or(1.0, |factors| f64::from(factors[pair])))
            .collect();
        let empty = Tensor::zeros((0, pairs), candle_core::DType::F32, &Device::Cpu)?;
        Ok(Self { frequencies, cosines: empty.clone(), sines: empty })
    }

    /// Makes sure that the angles of the positions below `positions` are there.
    pub(super) fn reserve(&mut self, positions: usize) -> Result<(), EngineError> {
        if self.cosines.dim(0)? < positions {
            let table = |function: fn(f64) -> f64| {
                let angles = (0..positions).flat_map(|position| self.frequencies.iter().map(move |frequency| real(position) * frequency));
                #[expect(clippy::cast_possible_truncation, reason = "angles are computed in f64 and applied in f32")]
                let values = angles.map(|angle| function(angle) as f32).collect::<Vec<_>>();
                Tensor::from_vec(values, (positions, self.frequencies.len()), &Device::Cpu)
            };
            (self.cosines, self.sines) = (table(f64::cos)?, table(f64::sin)?);
        }
        Ok(())
    }

    /// The angles at the given positions, which must have been reserved.
    pub(super) fn angles(&self, positions: &[u32]) -> Result<Angles, EngineError> {
        let positions = Tensor::new(positions, &Device::Cpu)?;
        let of = |table: &Tensor| table.index_select(&positions, 0)?.unsqueeze(1);
        Ok(Angles { cosines: of(&self.cosines)?, sines: of(&self.sines)? })
    }
}

impl Angles {
    /// Rotates `[tokens, heads, head_dim]`, which must be contiguous.
    ///
    /// Tokens stand where candle expects a batch: that way each has its own position and nothing is transposed.
    pub(super) fn rotate(&self, heads: &Tensor) -> Result<Tensor, EngineError> {
        Ok(rope_i(&heads.unsqueeze(2)?, &self.cosines, &self.sines)?.squeeze(2)?)
    }
}

#[expect(clippy::cast_precision_loss, reason = "positions and widths stay far below 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}
