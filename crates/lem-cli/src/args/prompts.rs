//! Flags that say which prompts are used.

use clap::Args;
use std::path::PathBuf;

/// Which prompts, and in what form.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Prompts")]
pub(crate) struct PromptArgs {
    /// Prompt set: `lem-prompts`, which ships inside, a short name that `lem datasets` lists, or org/name[@revision] on the hub
    #[arg(short, long, value_name = "NAME", conflicts_with = "prompts")]
    pub(crate) dataset: Option<String>,

    /// File with prompts: .jsonl, .json, .csv, .tsv or .parquet; any other has one prompt per line
    #[arg(short, long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,

    /// Number of prompts, or `all` [default: 10, and all with the preset benchmark]
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) sample_size: Option<String>,

    /// Split of a set on the hub
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,

    /// Part of a set on the hub that has several
    #[arg(long, value_name = "NAME")]
    pub(crate) subset: Option<String>,

    /// Column that holds the prompt; given several times, columns are joined
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Vec<String>,

    /// Shuffle with the run's seed before the sample is taken
    #[arg(long)]
    pub(crate) shuffle: bool,

    /// What is written around each prompt: `none`, `model` or the path of a Jinja file
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) chat_template: Option<String>,
}
