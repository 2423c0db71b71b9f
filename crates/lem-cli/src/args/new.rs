//! `lem config new`.

use clap::Args;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
On a terminal it asks for what no flag says; `--yes` asks nothing.

Examples:
  lem config new
  lem config new --yes --model models/SmolLM2-135M-Instruct.Q4_1.gguf --preset quick-test -o quick.yaml
  lem config new --yes --model org/name --set batching.batch_size=8 -o -";

/// Write a configuration, with what every setting means beside it
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct NewArgs {
    /// File to write, or `-` for stdout
    #[arg(short, long, value_name = "FILE", default_value = "experiment.yaml")]
    pub(crate) output: PathBuf,

    /// Preset whose settings are written too
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,

    /// Model: a .gguf file, a folder that holds one, or org/name[@revision] on a hub
    #[arg(short, long, value_name = "REF")]
    pub(crate) model: Option<String>,

    /// What runs the model
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,

    /// Any setting, by its dotted path: --set batching.batch_size=8
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,

    /// Write over a file that is there
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Ask nothing
    #[arg(short, long)]
    pub(crate) yes: bool,
}
