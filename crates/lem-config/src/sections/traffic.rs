//! When requests come.

use crate::section::section;
use crate::value::{ArrivalKind, Choice};

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
        /// Most requests in flight at a server. Left out: `batching.batch_size` without an arrival, no limit with one.
        #[validate(range(min = 1, max = 100_000))]
        concurrency: u32,
    }
}
