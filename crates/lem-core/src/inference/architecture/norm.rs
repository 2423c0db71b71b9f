//! Norms.

/// A norm, and how its gain is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Norm {
    pub(crate) kind: NormKind,
    /// Added to the mean square or the variance.
    pub(crate) epsilon: f32,
    /// Added to stored gains: Gemma's checkpoints store how far they are from one.
    pub(crate) gain_offset: f32,
}

/// What is divided out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NormKind {
    /// The root of the mean square; Zhang and Sennrich 2019, arXiv 1910.07467.
    Rms,
    /// Mean and standard deviation; Ba et al. 2016, arXiv 1607.06450.
    Layer,
}
