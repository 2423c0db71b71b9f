//! What a request has to keep to, to count as good.

use super::within;
use crate::section::section;
use crate::value::Quantity;
use std::time::Duration;
use validator::ValidationError;

section! {
    /// What a request has to keep to, to count as good. What is left out is not asked.
    Slo from RawSlo {
        /// Longest time to the first token, 1us to 1h.
        #[validate(custom(function = "limit"))]
        ttft: Quantity<Duration>,
        /// Longest mean time of an output token after the first, 1us to 1h.
        #[validate(custom(function = "limit"))]
        tpot: Quantity<Duration>,
        /// Longest time to the last token, 1us to 1h.
        #[validate(custom(function = "limit"))]
        end_to_end: Quantity<Duration>,
        /// Share of requests that has to.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        percentile: f64 = 0.99,
    }
}

fn limit(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::from_micros(1), Duration::from_secs(3600))
}
