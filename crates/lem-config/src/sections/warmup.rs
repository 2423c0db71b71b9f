//! What runs before the measured window opens.

use crate::section::section;

section! {
    /// What runs before the measured window opens.
    Warmup from RawWarmup {
        /// Full-length requests that are run and thrown away.
        #[validate(range(max = 1000))]
        requests: u32 = 1,
    }
}
