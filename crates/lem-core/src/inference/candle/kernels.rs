//! Element-wise operations, fused so that a step does not write intermediate tensors only to read them again.
//!
//! They split their work in the current rayon pool, which is the engine's. candle's own element-wise operations would
//! take threads from a pool of its own (`candle_core::utils::barrier_pool`), beyond the number that was asked for.

use candle_core::{CpuStorage, CustomOp1, InplaceOp1, InplaceOp2, Layout, Result, Shape, bail};
use rayon::prelude::*;

/// Elements below which splitting the work costs more than it saves.
const WORTH_SPLITTING: usize = 1 << 14;

/// Softmax over the last dimension of `[heads, queries × group, keys]` within the causal context, in place.
///
/// Row `query × group + member` of each key/value head belongs to the token at position `past + query`, which attends
/// to the keys up to itself; scores beyond get weight 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct CausalSoftmax {
    /// Tokens before the first query.
    pub(super) past: usize,
    /// Query heads per key/value head.
    pub(super) group: usize,
    /// Multiplies the scores: 1 / √(head width).
    pub(super) scale: f32,
}

impl CausalSoftmax {
    fn row(self, scores: &mut [f32], context: usize) {
        let (seen, unseen) = scores.split_at_mut(context);
        let largest = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for score in &mut *seen {
            *score = ((*score - largest) * self.scale).exp();
            sum += *score;
        }
        let normalise = 1.0 / sum;
        for weight in seen {
            *weight *= normalise;
        }
        unseen.fill(0.0);
    }
}

impl InplaceOp1 for CausalSoftmax {
    fn name(&self) -> &'static str {
        "causal-softmax"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(scores), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            bail!("causal softmax takes a contiguous f32 tensor");
        };
        let (_, rows, keys) = layout.shape().dims3()?;
        if self.past + rows / self.group > keys {
            bail!("{rows} rows of queries after {} tokens do not fit {keys} keys", self.past);
        }
        let context = |row: usize| self.past + (row % rows) / self.group + 1;
        let scores = &mut scores[start..end];
        if scores.len() < WORTH_SPLITTING {
            scores.chunks_exact_mut(keys).enumerate().for_each(|(row, scores)| self.row(scores, context(row)));
        } else {
            scores.par_chunks_exact_mut(keys).enumerate().for_each(|(row, scores)| self.row(scores, context(row)));
        }
        Ok(())
    }
}

/// `silu(gate) · up`, from `[tokens, gate and up side by side]` to half that width.
#[derive(Clone, Copy, Debug)]
pub(super) struct GatedSilu;

impl GatedSilu {
    fn row(gate_and_up: &[f32], output: &mut [f32]) {
        let (gate, up) = gate_and_up.split_at(output.len());
        for ((output, gate), up) in output.iter_mut().zip(gate).zip(up) {
            *output = gate / (1.0 + (-gate).exp()) * up;
        }
    }
}

impl CustomOp1 for GatedSilu {
    fn name(&self) -> &'static str {
        "gated-silu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (CpuStorage::F32(input), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            bail!("gated silu takes a contiguous f32 tensor");
        };
        let (tokens, width) = layout.shape().dims2()?;
        let half = width / 2;
        let mut output = vec![0.0; tokens * half];
        let input = &input[start..end];
        if output.len() < WORTH_SPLITTING {
            input.chunks_exact(width).zip(output.chunks_exact_mut(half)).for_each(|(input, output)| Self::row(input, output));
        } else {
            input.par_chunks_exact(width).zip(output.par_chunks_exact_mut(half)).for_each(|(input, output)| Self::row(input, output));
        }
        Ok((CpuStorage::F32(output), Shape::from((tokens, half))))
    }
}

/// Adds a tensor to another of the same shape, in place: the residual connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accumulate;

impl Accumulate {
    fn run(sum: &mut [f32], update: &[f32]) {
        for (sum, update) in sum.iter_mut().zip(update) {
            *sum += update;
        }
    }
}

impl InplaceOp2 for Accumulate {
    fn name(&self) -> &'static str {
        "accumulate"
    }

    fn cpu_fwd(&self, sum: &mut CpuStorage, sum_layout: &Layout, update: &CpuStorage, update_layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(sum), CpuStorage::F32(update)) = (sum, update) else { bail!("accumulate takes f32 tensors") };
        let (Some((start, end)), Some((first, last))) = (sum_layout.contiguous_offsets(), update_layout.contiguous_offsets()) else {
            bail!("accumulate takes contiguous tensors");
        };
        if sum_layout.shape() != update_layout.shape() {
            bail!("accumulate takes tensors of one shape");
        }
        let (sum, update) = (&mut sum[start..end], &update[first..last]);
        if sum.len() < WORTH_SPLITTING {
            Self::run(sum, update);
        } else {
            sum.par_chunks_mut(WORTH_SPLITTING).zip(update.par_chunks(WORTH_SPLITTING)).for_each(|(sum, update)| Self::run(sum, update));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn softmax(scores: &[f32], shape: (usize, usize, usize), op: CausalSoftmax) -> Vec<f32> {
        let tensor = Tensor::from_slice(scores, shape, &Device::Cpu).unwrap();
        tensor.inplace_op1(&op).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_token_never_attends_to_what_comes_after_it() {
        let op = CausalSoftmax { past: 1, group: 2, scale: 1.0 };
        // Two queries of two heads each over three keys: the first query must not see the third key.
        let weights = softmax(&[0.0, 0.0, 9.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], (1, 4, 3), op);
        let expected = [0.5, 0.5, 0.0, 0.5, 0.5, 0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
        assert!(weights.iter().zip(expected).all(|(got, expected): (&f32, f32)| (got - expected).abs() < 1e-6), "{weights:?}");
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let op = CausalSoftmax { past: 1, group: 1, scale: 0.5 };
        let weights = softmax(&[1e4, 1e4 + 2.0], (1, 1, 2), op);
        let expected = 1.0 / (1.0 + (-1.0f32).exp());
        assert!((weights[1] - expected).abs() < 1e-6, "{weights:?}");
    }

    #[test]
    fn splitting_the_work_changes_nothing() {
        let (tokens, half) = (64, 512);
        let input: Vec<f32> = (0u16..65_535).chain([0]).map(|step| f32::from(step) / 1e4 - 3.0).collect();
        let whole = Tensor::from_slice(&input, (tokens, 2 * half), &Device::Cpu).unwrap();
        let split = whole.apply_op1_no_bwd(&GatedSilu).unwrap();
        for token in 0..tokens {
            let row = whole.narrow(0, token, 1).unwrap().apply_op1_no_bwd(&GatedSilu).unwrap();
            assert_eq!(row.to_vec2::<f32>().unwrap(), split.narrow(0, token, 1).unwrap().to_vec2::<f32>().unwrap());
        }
    }

    #[test]
    fn updates_are_added_where_they_belong() {
        // Longer than one part of the split, and not a multiple of it.
        for length in [3, WORTH_SPLITTING + 5] {
            let values: Vec<f32> = (0u16..).take(length).map(f32::from).collect();
            let sum = Tensor::from_slice(&values, length, &Device::Cpu).unwrap();
            sum.inplace_op2(&Tensor::from_slice(&values, length, &Device::Cpu).unwrap(), &Accumulate).unwrap();
            assert!(sum.to_vec1::<f32>().unwrap().iter().zip(values).all(|(&sum, value)| sum.to_bits() == (2.0 * value).to_bits()));
        }
        let mismatched = Tensor::ones((2, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(mismatched.inplace_op2(&mismatched.reshape((3, 2)).unwrap().copy().unwrap(), &Accumulate).is_err());
    }
}
