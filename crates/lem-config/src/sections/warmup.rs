//! What runs before the measured window opens.

use super::within;
use crate::section::section;
use crate::value::Quantity;
use std::time::Duration;
use validator::ValidationError;

section! {
    /// What runs before the measured window opens.
    Warmup from RawWarmup {
        /// Full-length requests that are run and thrown away.
        #[validate(range(max = 1000))]
        requests: u32 = 1,
        /// Go on after them until power and latency are stable.
        until_stable: bool = false,
        /// Most requests, stable or not.
        #[validate(range(min = 1, max = 10_000))]
        max_requests: u32 = 50,
        /// The last requests that have to be alike.
        #[validate(range(min = 3, max = 100))]
        window: u32 = 5,
        /// Largest coefficient of variation within them.
        #[validate(range(min = 0.001, max = 1.0))]
        cv_threshold: f64 = 0.05,
        /// Least time that it takes, 1h at most.
        #[validate(custom(function = "least_time"))]
        min_duration: Quantity<Duration> = Quantity(Duration::ZERO),
    }
}

fn least_time(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::ZERO, Duration::from_secs(3600))
}
