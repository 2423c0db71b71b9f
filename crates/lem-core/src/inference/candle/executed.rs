//! Counts arithmetic where it happens: every matrix product reports the dimensions it ran with.

use lem_domain::flops::{FlopsBreakdown, matmul};

/// Part of the model that a matrix product belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Projections and feed-forward.
    Linear,
    /// Scores and values of attention.
    Attention,
    /// The language-model head.
    Head,
}

/// Arithmetic executed so far (MEASUREMENT.md §5).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Executed(FlopsBreakdown);

impl Executed {
    /// Adds `batch` products of `(rows × inner) · (inner × columns)`.
    pub(super) fn add(&mut self, part: Part, [batch, rows, inner, columns]: [usize; 4]) {
        let flops = matmul(wide(batch) * wide(rows), wide(inner), wide(columns));
        let counter = match part {
            Part::Linear => &mut self.0.linear,
            Part::Attention => &mut self.0.attention,
            Part::Head => &mut self.0.lm_head,
        };
        *counter = *counter + flops;
    }

    /// The count.
    pub(super) fn breakdown(self) -> FlopsBreakdown {
        self.0
    }
}

fn wide(dimension: usize) -> u64 {
    u64::try_from(dimension).expect("a dimension of a tensor in memory fits 64 bits")
}
