//! What the processor makes of a checkpoint's matrices: tiles of sixteen outputs.

use super::matrix::{Linear, Matrix};
use crate::inference::checkpoint::{CheckpointError, Stored};
use crate::inference::weights::{self, Layout, NormWeights};

/// Matrices in tiles, norms in f32.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiled;

pub(crate) type Weights = weights::Weights<Linear, NormWeights>;
pub(super) type LayerWeights = weights::LayerWeights<Linear, NormWeights>;

impl Layout for Tiled {
    type Linear = Linear;
    type Norm = NormWeights;

    fn linear(&self, parts: &[Stored<'_>], bias: Option<Vec<f32>>) -> Result<Linear, CheckpointError> {
        Ok(Linear::new(Matrix::pack(parts), bias))
    }

    fn norm(&self, norm: NormWeights) -> Result<NormWeights, CheckpointError> {
        Ok(norm)
    }
}
