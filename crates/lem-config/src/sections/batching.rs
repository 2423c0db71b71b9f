//! How requests are grouped.

use crate::section::section;
use crate::value::Choice;
use lem_domain::spec::BatchingStrategy;

section! {
    /// How requests are grouped.
    Batching from RawBatching {
        /// Most requests in a batch.
        #[validate(range(min = 1, max = 1024))]
        batch_size: u32 = 1,
        /// `static`: consecutive slices. `dynamic`: until the size or the token budget is reached. `sorted_…`: by prompt
        /// length first. `continuous`: a request takes the place of one that ended, at once.
        strategy: Choice<BatchingStrategy> = Choice(BatchingStrategy::Static),
        /// Most prompt tokens in a batch of a dynamic strategy. Left out: one full prompt, `max_input_tokens`. With
        /// `continuous`, most tokens of a pass, in which prompts take what others leave. Left out: 512.
        #[validate(range(min = 1, max = 1_000_000_000))]
        max_tokens_per_batch: u32,
    }
}
