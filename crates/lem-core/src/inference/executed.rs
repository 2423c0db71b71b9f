//! Counts arithmetic where it happens: every matrix product reports the dimensions it ran with.

use crate::inference::numbers::wide;
use lem_domain::flops::{FlopsBreakdown, matmul};

/// Part of the model that a matrix product belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Projections and feed-forward.
    Linear,
    /// The language-model head.
    Head,
}

/// Arithmetic executed so far (MEASUREMENT.md §5).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Executed(FlopsBreakdown);

impl Executed {
    /// Adds `batch` products of `(rows × inner) · (inner × columns)`.
    pub(crate) fn add(&mut self, part: Part, [batch, rows, inner, columns]: [usize; 4]) {
        let flops = matmul(wide(batch) * wide(rows), wide(inner), wide(columns));
        let counter = match part {
            Part::Linear => &mut self.0.linear,
            Part::Head => &mut self.0.lm_head,
        };
        *counter = *counter + flops;
    }

    /// Adds multiply-adds of scores and values that were counted where they ran.
    pub(crate) fn add_attention(&mut self, multiply_adds: u64) {
        self.0.attention = self.0.attention + matmul(1, multiply_adds, 1);
    }

    /// The count.
    pub(crate) fn breakdown(self) -> FlopsBreakdown {
        self.0
    }
}
