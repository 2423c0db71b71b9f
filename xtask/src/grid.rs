//! Grids of configurations, by the program itself.

use anyhow::Result;

use crate::process;

/// Options of `grid`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// What `lem config generate-grid` takes; `--help` tells
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the program and hands the arguments on.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;
    process::run(process::lem().args(["config", "generate-grid"]).args(&arguments.arguments))
}
