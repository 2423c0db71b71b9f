//! Which prompts a run uses, and in what form a model sees them.

use std::num::NonZeroU32;
use std::path::PathBuf;

/// Which prompts, how many, and in what form.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptSpec {
    /// Their source.
    pub source: PromptSource,
    /// How many are used; `None` uses all.
    pub count: Option<usize>,
    /// Whether they are shuffled with the run's seed before the first `count` are taken.
    pub shuffle: bool,
    /// What is written around each of them.
    pub template: TemplateChoice,
    /// What the model is told before each prompt; only a chat template has a place for it.
    pub system: Option<String>,
}

impl PromptSpec {
    /// All prompts of a source in its order, as they are.
    #[must_use]
    pub fn all_of(source: PromptSource) -> Self {
        Self { source, count: None, shuffle: false, template: TemplateChoice::None, system: None }
    }
}

/// Where prompts come from.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptSource {
    /// The set that ships inside the program.
    Embedded,
    /// A file of this machine; its ending says how it is read.
    File {
        /// The file.
        path: PathBuf,
        /// Columns that hold the prompt; empty where they are found by their names.
        columns: Vec<String>,
    },
    /// A set on a hub.
    Hub(HubSource),
    /// Prompts that are made for the model, each of an exact number of tokens.
    Synthetic(LengthSpec),
}

/// A set on a hub. What is `None` or empty is left to the set's own usage, which a set with a short name has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubSource {
    /// A short name that is known here, or `org/name[@revision]`.
    pub dataset: String,
    /// Part of the set that its authors gave a name, which the hub also calls its configuration.
    pub subset: Option<String>,
    /// Split, such as `train` or `test`.
    pub split: Option<String>,
    /// Columns that hold the prompt.
    pub columns: Vec<String>,
    /// Path of the one file of the repository to read.
    pub file: Option<String>,
}

/// Lengths of synthetic prompts, in tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum LengthSpec {
    /// All alike.
    Fixed(NonZeroU32),
    /// Each length between two with the same probability, both included.
    Uniform {
        /// The shortest.
        min: NonZeroU32,
        /// The longest.
        max: NonZeroU32,
    },
    /// Normal, rounded to whole tokens; draws outside the bounds are drawn again.
    Normal {
        /// Mean before the bounds.
        mean: f64,
        /// Standard deviation before the bounds.
        deviation: f64,
        /// The shortest.
        min: NonZeroU32,
        /// The longest.
        max: NonZeroU32,
    },
    /// Those of a recorded load, in its order.
    Trace {
        /// The file; its ending says how it is read.
        path: PathBuf,
        /// The column of prompt lengths; `None` where it is found by its name.
        column: Option<String>,
    },
}

/// What is written around a prompt before it is tokenised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TemplateChoice {
    /// Nothing: the model continues the text.
    #[default]
    None,
    /// The chat template that came with the model.
    Model,
    /// The chat template in a file.
    File(PathBuf),
}
