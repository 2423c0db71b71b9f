//! `lem datasets`.

use clap::{Args, Subcommand};

const AFTER_HELP: &str = "\
Any other set on the hub goes by org/name[@revision]; its files must be .parquet, .jsonl, .json, .csv or .tsv.
Sets lie in the hub's own cache: HF_HOME says where, HF_TOKEN opens sets that are not public, HF_HUB_OFFLINE=1
uses what is there alone.

Examples:
  lem datasets
  lem datasets fetch gsm8k
  lem experiment --model m.gguf --dataset gsm8k --split test -n 50";

/// Show the prompt sets that have a short name, and what of them this machine has
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct DatasetsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// Bring every file of a set into the hub's cache, for runs without a network
    Fetch {
        /// Short name, or org/name[@revision]
        name: String,

        /// Part of a set that has several
        #[arg(long, value_name = "NAME")]
        subset: Option<String>,

        /// Split
        #[arg(long, value_name = "NAME")]
        split: Option<String>,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}
