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
