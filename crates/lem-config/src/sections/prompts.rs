//! Which prompts, how many, and in what form.

use crate::section::section;
use crate::value::{Choice, LengthKind, PromptKind, SampleSize, TextList};
use std::num::NonZeroUsize;

const DEFAULT_SAMPLE_SIZE: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

/// What [`Prompts::chat_template`] says instead of a path.
pub(crate) const NO_TEMPLATE: &str = "none";
/// The same, for the template that came with the model.
pub(crate) const MODEL_TEMPLATE: &str = "model";

section! {
    /// Which prompts, how many, and in what form.
    Prompts from RawPrompts {
        /// `embedded`: the set that ships inside the program. `file`: the file at `prompts.path`. `hub`: the set that
        /// `prompts.dataset` names. `synthetic`: prompts of exact lengths, made with the model's own tokenizer.
        source: Choice<PromptKind> = Choice(PromptKind::Embedded),
        /// File with prompts, for `source: file`: .jsonl, .json, .csv, .tsv or .parquet; any other is text with one prompt
        /// per non-empty line.
        #[validate(length(min = 1, max = 4096))]
        path: String,
        /// Set on the hub, for `source: hub`: a short name that `lem datasets` lists, or `org/name[@revision]`.
        #[validate(length(min = 1, max = 256))]
        dataset: String,
        /// Part of a set on the hub that has several. Left out: the short name's own, else the only one.
        #[validate(length(min = 1, max = 256))]
        subset: String,
        /// Split of a set on the hub. Left out: the short name's own, else `train`.
        #[validate(length(min = 1, max = 256))]
        split: String,
        /// The one file of a repository on the hub to read, where the names of its files do not say what they hold.
        #[validate(length(min = 1, max = 1024))]
        data_file: String,
        /// Column that holds the prompt; several are joined with an empty line between them. Left out: the short name's
        /// own, else the first of `text`, `prompt`, `question`, `instruction` (with `input`), `input`, `content`,
        /// `messages`, `conversations`, `conversation`.
        column: TextList = TextList::default(),
        /// How many prompts are used, or `all`.
        sample_size: SampleSize = SampleSize::Count(DEFAULT_SAMPLE_SIZE),
        /// Shuffle with the run's seed before the sample is taken.
        shuffle: bool = false,
        /// What is written around each prompt: `none`, `model` for the template that came with the model, or the path of
        /// a Jinja file.
        #[validate(length(min = 1, max = 4096))]
        chat_template: String = NO_TEMPLATE.to_owned(),
        /// What the model is told before each prompt, in the template's own place for it.
        #[validate(length(max = 1_000_000))]
        system: String,
    } {
        /// Lengths of the prompts of `source: synthetic`.
        "synthetic" synthetic: Synthetic from RawSynthetic,
    }
}

section! {
    /// Lengths of the prompts of `source: synthetic`.
    Synthetic from RawSynthetic {
        /// `fixed`: all of `tokens`. `uniform`: between `min_tokens` and `max_tokens`. `normal`: around `tokens`, drawn again
        /// outside of these bounds. `trace`: those of the file at `path`, in its order.
        lengths: Choice<LengthKind> = Choice(LengthKind::Fixed),
        /// Length, or mean length; start tokens count.
        #[validate(range(min = 1, max = 1_000_000))]
        tokens: u32 = 256,
        /// Standard deviation of `normal`, in tokens.
        #[validate(range(min = 0.0, max = 1_000_000.0))]
        deviation: f64 = 64.0,
        /// Shortest length that is drawn.
        #[validate(range(min = 1, max = 1_000_000))]
        min_tokens: u32 = 1,
        /// Longest length that is drawn. Left out: `max_input_tokens`.
        #[validate(range(min = 1, max = 1_000_000))]
        max_tokens: u32,
        /// File with recorded lengths, for `lengths: trace`: .csv, .tsv, .jsonl, .json or .parquet.
        #[validate(length(min = 1, max = 4096))]
        path: String,
        /// Its column of prompt lengths. Left out: a name that published traces use, such as `ContextTokens` or
        /// `input_length`.
        #[validate(length(min = 1, max = 256))]
        column: String,
    }
}
