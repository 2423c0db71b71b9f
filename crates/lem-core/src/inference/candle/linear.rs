//! A weight matrix and the product with it.

use super::EngineError;
use super::executed::{Executed, Part};
use candle_core::{Device, Tensor};
use rayon::prelude::*;

/// Up to this many tokens a product is bound by the memory that its weights come from, not by arithmetic.
const FEW: usize = 32;

/// A weight matrix of shape `[outputs, inputs]`, kept as stored: each output's weights lie side by side.
#[derive(Debug)]
pub(super) struct Linear {
    weight: Tensor,
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
            (0..outputs).step_by(shard).map(|start| weight.narrow(0, start, shard.min(outputs - start))).collect::<Result<_, _>>()?;
        Ok(Self { weight, shards, part })
    }

    /// `input · weightᵀ`: from `[tokens, inputs]` to `[tokens, outputs]`.
    pub(super) fn forward(&self, input: &Tensor, executed: &mut Executed) -> Result<Tensor, EngineError> {
        let (tokens, inputs) = input.dims2()?;
        executed.add(self.part, [1, tokens, inputs, self.weight.dim(0)?]);
        if tokens <= FEW { self.few(input, tokens) } else { Ok(input.matmul(&self.weight.t()?)?) }
    }

    /// The product for few tokens, which is bound by the memory that the weights come from.
    ///
    /// gemm (0.19) is faster with the weights on the left, and for one token it takes a path that uses a single thread;
    /// one core alone does not saturate the memory, so each thread takes a part of the outputs.
    fn few(&self, input: &Tensor, tokens: usize) -> Result<Tensor, EngineError> {
        let input = input.t()?;
        let parts = self.shards.par_iter().map(|shard| shard.matmul(&input)).collect::<Result<Vec<_>, _>>()?;
        let by_output = match parts.as_slice() {
            [only] => only.clone(),
            several => Tensor::cat(several, 0)?,
        };
        Ok(if tokens == 1 { by_output.reshape((1, ()))? } else { by_output.t()?.contiguous()? })
    }

    /// Bytes of the weights.
    pub(super) fn bytes(&self) -> usize {
        bytes(&self.weight)
    }

    /// The row of weights of each token: the embedding, when it shares its matrix with the head.
    pub(super) fn rows(&self, tokens: &[u32]) -> Result<Tensor, EngineError> {
        let tokens = Tensor::new(tokens, &Device::Cpu)?;
        Ok(self.weight.index_select(&tokens, 0)?)
    }
}

/// Bytes of a tensor's elements.
pub(super) fn bytes(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product and its count, with the weights in two stacked matrices, on either side of every path.
    fn check(tokens: usize, threads: usize) {
        let (inputs, outputs) = (24, 7 + 10);
        let value = |index: usize| f32::from(u16::try_from(index * 37 % 101).unwrap()) / 50.0 - 1.0;
        let tensor = |rows: usize, first: usize| {
            let values: Vec<f32> = (first * inputs..(first + rows) * inputs).map(value).collect();
            Tensor::from_vec(values, (rows, inputs), &Device::Cpu).unwrap()
        };
        let input = tensor(tokens, 3);
        let linear = Linear::stack(Part::Linear, &[tensor(7, 0), tensor(10, 7)], threads).unwrap();
        let mut executed = Executed::default();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let product = pool.install(|| linear.forward(&input, &mut executed)).unwrap();
        assert!(product.is_contiguous());

        let (input, product) = (input.to_vec2::<f32>().unwrap(), product.to_vec2::<f32>().unwrap());
        assert_eq!((product.len(), product[0].len()), (tokens, outputs));
        for (input, product) in input.iter().zip(&product) {
            for (output, &got) in product.iter().enumerate() {
                let weights = (output * inputs..(output + 1) * inputs).map(value);
                let expected: f64 = weights.zip(input).map(|(weight, &input)| f64::from(weight) * f64::from(input)).sum();
                assert!((f64::from(got) - expected).abs() < 1e-5, "{tokens} tokens, {threads} threads: {got} instead of {expected}");
            }
        }
        let flops = u128::try_from(2 * tokens * inputs * outputs).unwrap();
        assert_eq!(executed.breakdown().linear.get(), flops);
    }

    #[test]
    fn a_product_is_the_same_for_few_and_many_tokens_and_any_number_of_threads() {
        for tokens in [1, 2, FEW, FEW + 1] {
            for threads in [1, 2, 3, 20] {
                check(tokens, threads);
            }
        }
    }
}
