//! When requests come.

use super::within;
use crate::section::section;
use crate::value::{ArrivalKind, Choice, Quantity};
use std::time::Duration;
use validator::ValidationError;

section! {
    /// When requests come. Instants are drawn before the window opens, so that a slow engine cannot slow them down.
    Traffic from RawTraffic {
        /// `none`: each as soon as there is a place. `constant`: in equal gaps. `poisson`: in exponential gaps, as of users
        /// who know nothing of each other. `gamma`: in gaps as bursty as `traffic.burstiness` says.
        arrival: Choice<ArrivalKind> = Choice(ArrivalKind::None),
        /// Requests per second in the mean; goes with an arrival.
        #[validate(range(exclusive_min = 0.0, max = 1_000_000.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        rate: f64,
        /// Coefficient of variation of the gaps of `gamma`: 1 is as `poisson`, more is burstier.
        #[validate(range(min = 0.01, max = 100.0))]
        burstiness: f64,
        /// Seed of the draws. Left out: `random_seed`.
        seed: u64,
        /// Recorded load whose instants and lengths of outputs are repeated: lines of JSON with `timestamp` in milliseconds
        /// and, where known, `output_length`. Goes without an arrival; prompts of the same lengths are `prompts.synthetic.path`.
        #[validate(length(min = 1, max = 4096))]
        trace: String,
        /// Over how long the load grows to what is asked for, 1ms to 24h. Left out: it is there at once.
        #[validate(custom(function = "growth"))]
        ramp: Quantity<Duration>,
        /// How often a request is sent to a server again that failed without any output.
        #[validate(range(max = 100))]
        retries: u32 = 0,
        /// Most requests in flight at a server. Left out: `batching.batch_size` without an arrival, no limit with one.
        #[validate(range(min = 1, max = 100_000))]
        concurrency: u32,
    }
}

fn growth(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::from_millis(1), Duration::from_secs(86_400))
}
