//! A weight matrix and the product with it.

use super::EngineError;
use super::executed::{Executed, Part};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

/// A weight matrix of shape `[outputs, inputs]`, kept as stored: each output's weights lie side by side.
#[derive(Debug)]
pub(super) struct Linear {
    /// `[inputs, outputs]`, a transposed view.
    transposed: Tensor,
    /// The same, cut into views of consecutive outputs, one per thread.
    shards: Vec<Tensor>,
    part: Part,
}

impl Linear {
    /// Stacks matrices of the same number of inputs, so that one product serves all of them.
    pub(super) fn stack(part: Part, matrices: &[Tensor], threads: usize) -> Result<Self, EngineError> {
        let weight = match matrices {
            [only] => only.contiguous()?,
            several => Tensor::cat(several, 0)?,
        };
        let outputs = weight.dim(0)?;
        let shard = outputs.div_ceil(threads.max(1));
        let shards =
            (0..outputs).step_by(shard).map(|start| weight.narrow(0, start, shard.min(outputs - start))?.t()).collect::<Result<_, _>>()?;
        Ok(Self { transposed: weight.t()?, shards, part })
    }

    /// `input · weightᵀ`: from `[tokens, inputs]` to `[tokens, outputs]`.
    pub(super) fn forward(&self, input: &Tensor, executed: &mut Executed) -> Result<Tensor, EngineError> {
        let (tokens, inputs) = input.dims2()?;
        executed.add(self.part, [1, tokens, inputs, self.transposed.dim(1)?]);
        // For one token gemm takes a path that uses a single thread (gemm 0.19, `mixed_gemv_rowmajor`); decoding is
        // bound by the memory that the weights come from, and one core alone does not saturate it.
        if tokens == 1 && self.shards.len() > 1 {
            let parts = self.shards.par_iter().map(|shard| input.matmul(shard)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Tensor::cat(&parts, 1)?);
        }
        Ok(input.matmul(&self.transposed)?)
    }

    /// Bytes of the weights.
    pub(super) fn bytes(&self) -> usize {
        bytes(&self.transposed)
    }

    /// The row of weights of each token: the embedding, when it shares its matrix with the head.
    pub(super) fn rows(&self, tokens: &[u32]) -> Result<Tensor, EngineError> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?;
        Ok(self.transposed.t()?.index_select(&tokens, 0)?)
    }
}

/// Bytes of a tensor's elements.
pub(super) fn bytes(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}
