//! Feed-forward blocks: dense ones, and routed experts.

use super::batch::number;
use super::layout::Linear;
use crate::inference::architecture::{Activation, Experts, FeedForward};
use crate::inference::executed::{Executed, Part};
use crate::inference::weights::{DenseWeights, ExpertWeights, FeedForwardWeights};
use candle_core::{DType, Result, Tensor};
use candle_nn::ops::sigmoid;

/// From the normed state to what is added to the residual stream, both `[tokens, hidden]`.
pub(super) fn compute(
    block: &FeedForward,
    weights: &FeedForwardWeights<Linear>,
    normed: &Tensor,
    executed: &mut Executed,
) -> Result<Tensor> {
    match (block, weights) {
        (FeedForward::Dense { activation, .. }, FeedForwardWeights::Dense(weights)) => dense(*activation, weights, normed, executed),
        (FeedForward::Experts(experts), FeedForwardWeights::Experts(weights)) => routed(experts, weights, normed, executed),
        _ => unreachable!("weights are read by the description"),
    }
}

/// `down(activation(gate(input)) × up(input))`, or without a gate, row by row.
fn dense(activation: Activation, weights: &DenseWeights<Linear>, input: &Tensor, executed: &mut Executed) -> Result<Tensor> {
    let up = weights.up.forward(input, Part::Linear, executed)?;
    let inner = match &weights.gate {
        Some(gate) => (activate(activation, &gate.forward(input, Part::Linear, executed)?)? * up)?,
        None => activate(activation, &up)?,
    };
    weights.down.forward(&inner, Part::Linear, executed)
}

fn activate(activation: Activation, values: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Silu => values.silu(),
        Activation::Gelu => values.gelu_erf(),
        Activation::GeluTanh => values.gelu(),
        Activation::Relu => values.relu(),
    }
}

/// One expert after the other, with all tokens that go through it: its weights are read once.
///
/// Which tokens these are is decided on the host, so each layer waits for its router.
fn routed(experts: &Experts, weights: &ExpertWeights<Linear>, normed: &Tensor, executed: &mut Executed) -> Result<Tensor> {
    let scores = weights.router.forward(normed, Part::Linear, executed)?;
    let mut routes = scores.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    routes.chunks_exact_mut(experts.count).for_each(|scores| experts.route(scores));

    let mut sum = normed.zeros_like()?;
    for (expert, weights) in weights.experts.iter().enumerate() {
        let shares = routes.iter().skip(expert).step_by(experts.count).copied().enumerate();
        let (tokens, shares): (Vec<_>, Vec<_>) =
            shares.filter(|&(_, share)| share > 0.0).map(|(token, share)| (number(token), share)).unzip();
        if tokens.is_empty() {
            continue;
        }
        let count = tokens.len();
        let tokens = Tensor::from_vec(tokens, count, normed.device())?;
        let shares = Tensor::from_vec(shares, (count, 1), normed.device())?.to_dtype(normed.dtype())?;
        let output = dense(experts.activation, weights, &normed.index_select(&tokens, 0)?, executed)?;
        sum = sum.index_add(&tokens, &output.broadcast_mul(&shares)?, 0)?;
    }
    if let Some(shared) = &weights.shared {
        let share = sigmoid(&shared.score.forward(normed, Part::Linear, executed)?)?;
        sum = (sum + dense(experts.activation, &shared.expert, normed, executed)?.broadcast_mul(&share)?)?;
    }
    Ok(sum)
}
