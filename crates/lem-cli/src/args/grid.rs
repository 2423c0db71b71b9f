//! `lem config generate-grid`.

use clap::Args;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Values stand between commas and keep their types: 1, 0.5, true, null, text, \"a, b\", [1, 2].
Ranges: 1..8, 0..1:0.25 by a step, 1..64:log2 doubling, 1..1000:log10.
`&` joins settings that take their values together, not in all combinations.

Examples:
  lem config generate-grid base.yaml --vary batch_size=1,2,4,8 --vary quantization.load_in_8bit=true,false
  lem config generate-grid base.yaml --vary 'batch_size=1..64:log2 & max_output_tokens=448,224,112,56,28,14,7'
  lem config generate-grid base.yaml --vary batch_size=1..8 --vary decoder.temperature=0,0.7 \\
      --exclude 'batch_size > 4 and temperature == 0' -o batches";

/// Write a configuration for each combination of values
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct GridArgs {
    /// Configuration that the others build on: .yaml, .json or .toml
    pub(crate) base: PathBuf,

    /// A setting and its values; every --vary multiplies the number of combinations
    #[arg(long, value_name = "SETTING=VALUES", required = true)]
    pub(crate) vary: Vec<String>,

    /// Leave out combinations for which this holds, such as 'batch_size > 4 and temperature == 0'
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) exclude: Vec<String>,

    /// Folder for the configurations; it must be new or empty
    #[arg(short, long, value_name = "DIR", default_value = "grid")]
    pub(crate) output_dir: PathBuf,

    /// Write into a folder that is not empty, over files of the same names
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Leave out combinations that are no experiment, and say why; the default
    #[arg(long, conflicts_with = "strict")]
    pub(crate) validate: bool,

    /// Write nothing when a combination is no experiment
    #[arg(long)]
    pub(crate) strict: bool,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
