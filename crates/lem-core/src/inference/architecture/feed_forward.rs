//! Feed-forward blocks.

/// A feed-forward block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FeedForward {
    /// down(act(up(x))), or down(act(gate(x)) × up(x)).
    Dense {
        /// Width inside.
        intermediate: usize,
        /// Whether there is a gate.
        gated: bool,
        activation: Activation,
    },
    /// A few of many such blocks, chosen token by token.
    Experts(Experts),
}

/// Routed experts; all of them are gated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Experts {
    pub(crate) count: usize,
    /// Experts that a token is routed to.
    pub(crate) per_token: usize,
    /// Width inside one.
    pub(crate) intermediate: usize,
    pub(crate) activation: Activation,
    /// Whether the weights of the chosen ones are scaled to sum up to one.
    pub(crate) normalise: bool,
    /// An expert that every token goes through.
    pub(crate) shared: Option<SharedExpert>,
}

impl Experts {
    /// Turns the scores of a token into the weights of its experts; 0 for those that it does not go through.
    pub(crate) fn route(&self, scores: &mut [f32]) {
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0.0;
        for score in &mut *scores {
            *score = (*score - largest).exp();
            total += *score;
        }
        // The least of what is left goes, the last one of equals first, until as many are left as a token has experts.
        for _ in self.per_token..self.count {
            let left = (0..scores.len()).rev().filter(|&at| scores[at] >= 0.0);
            let least = left.min_by(|&left, &right| scores[left].total_cmp(&scores[right])).expect("more than are kept");
            scores[least] = -1.0;
        }
        scores.iter_mut().for_each(|score| *score = score.max(0.0));
        let kept: f32 = scores.iter().sum();
        let scale = 1.0 / if self.normalise { kept } else { total };
        scores.iter_mut().for_each(|score| *score *= scale);
    }
}

/// An expert that every token goes through, weighted by the sigmoid of a score of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharedExpert {
    /// Width inside.
    pub(crate) intermediate: usize,
}

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x / (1 + e⁻ˣ).
    Silu,
    /// x Φ(x).
    Gelu,
    /// GELU by its approximation with tanh.
    GeluTanh,
    /// max(x, 0).
    Relu,
}
