//! What can be typed to look at stored results.

use super::FolderArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ResultsCommand {
    /// List the experiments of a results folder
    List {
        #[command(flatten)]
        folder: FolderArgs,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one experiment
    Show {
        /// Experiment id, or the unique beginning of one
        id: String,

        #[command(flatten)]
        folder: FolderArgs,

        /// Show the raw per-process records instead of the figures
        #[arg(long)]
        raw: bool,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Export(ExportArgs),
}

const EXPORT_HELP: &str = "\
Examples:
  lem results export --all > results.csv
  lem results export 20261201 --format markdown
  lem results export --all --format parquet --long -o figures.parquet

The unit is in the name of each column; uncertainty, grade, validity, boundary and the reason of an absence stand beside it. \
What is missing is empty or null, never 0. Settings that differ between the experiments become columns.";

/// Write results as a table: CSV, JSON, Parquet, Markdown or LaTeX
#[derive(Args, Debug)]
#[command(after_help = EXPORT_HELP)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,

    /// What the table is written as
    #[arg(short, long, value_name = "FORMAT", default_value = "csv")]
    pub(crate) format: FormatArg,

    /// A row per figure instead of a row per experiment
    #[arg(long, conflicts_with = "wide")]
    pub(crate) long: bool,

    /// A row per experiment, which is what comes without it
    #[arg(long)]
    pub(crate) wide: bool,

    /// File to write instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Which experiments of which folder.
#[derive(Args, Debug)]
pub(crate) struct WhichArgs {
    /// Experiment ids, or the unique beginnings of some
    #[arg(required_unless_present = "all")]
    pub(crate) ids: Vec<String>,

    /// Every experiment of the folder whose figures have been derived
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,

    /// Results folder
    #[arg(long, value_name = "DIR", default_value = "results", env = "LEM_RESULTS_DIR")]
    pub(crate) results_dir: PathBuf,
}

/// What a table is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// Comma-separated values, with a header
    Csv,
    /// An array of objects
    Json,
    /// One Parquet file
    Parquet,
    /// A table of headline figures for people
    Markdown,
    /// The same for papers, with booktabs
    Latex,
}
