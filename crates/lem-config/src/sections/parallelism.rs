//! How a model is spread over several devices.

use crate::section::section;
use crate::value::{Choice, ParallelKind};

section! {
    /// How a model is spread over several devices.
    Parallelism from RawParallelism {
        /// What is divided: `none`; `tensor_parallel`, every matrix; `pipeline_parallel`, the layers; `data_parallel`, the
        /// requests, of which each device with its own copy of the model takes a share.
        strategy: Choice<ParallelKind> = Choice(ParallelKind::None),
        /// Into how many parts.
        #[validate(range(min = 1, max = 1024))]
        degree: u32 = 1,
    }
}
