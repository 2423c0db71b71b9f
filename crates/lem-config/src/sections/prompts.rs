//! Which prompts, and how many.

use crate::section::section;
use crate::value::{Choice, PromptKind, SampleSize};
use std::num::NonZeroUsize;

const DEFAULT_SAMPLE_SIZE: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

section! {
    /// Which prompts, and how many.
    Prompts from RawPrompts {
        /// `embedded`: the set that ships inside the program. `file`: the text file at `prompts.path`.
        source: Choice<PromptKind> = Choice(PromptKind::Embedded),
        /// Text file with one prompt per non-empty line; goes with `source: file`.
        #[validate(length(min = 1, max = 4096))]
        path: String,
        /// How many prompts are used, or `all`.
        sample_size: SampleSize = SampleSize::Count(DEFAULT_SAMPLE_SIZE),
        /// Shuffle with the run's seed before the sample is taken.
        shuffle: bool = false,
    }
}
