//! How sure the figures over cycles are to be.

use crate::section::section;
use lem_domain::spec::RepetitionSpec;

section! {
    /// How sure the figures over cycles are to be.
    Statistics from RawStatistics {
        /// Confidence of intervals.
        #[validate(range(min = 0.5, max = 0.9999))]
        confidence: f64 = RepetitionSpec::USUAL_CONFIDENCE,
        /// Half-width of the interval of the energy per token, as a share of it, that ends the cycles before `num_cycles`.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        target_half_width: f64,
    }
}
