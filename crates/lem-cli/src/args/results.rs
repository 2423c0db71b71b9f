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
    Report(ReportArgs),
    Serve(ServeArgs),
    /// Show results side by side, each judged against the first
    Compare {
        #[command(flatten)]
        which: WhichArgs,

        #[command(flatten)]
        judging: JudgingArgs,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check a bundle: digests, records, and every figure derived anew; exit 1 when something is wrong
    Verify {
        /// Experiment id, or the unique beginning of one
        id: String,

        #[command(flatten)]
        folder: FolderArgs,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Derive the figures of an experiment anew and store them, whatever is stored
    Rebuild {
        /// Experiment id, or the unique beginning of one
        id: String,

        #[command(flatten)]
        folder: FolderArgs,
    },
}

/// What counts as a difference.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct JudgingArgs {
    /// What may differ and still be called the same, in per cent
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent)]
    pub(crate) margin: f64,
}

/// A share from per cent, with or without the sign.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>().map_err(|error| error.to_string())?;
    if number > 0.0 && number < 100.0 { Ok(number / 100.0) } else { Err("it must lie between 0 and 100".to_owned()) }
}

const COMPARE_HELP: &str = "\
Examples:
  lem compare 20261201T09 20261201T10
  lem compare BASELINE-1,BASELINE-2 NEW-1,NEW-2 --fail-on worse

A repetition is a cycle; several results, separated by commas, are the repetitions of one side. \
Runs that took turns are compared within blocks; runs one after the other get an interval that allows for drift.";

/// Say whether B takes more or less energy per output token than A
#[derive(Args, Debug)]
#[command(after_help = COMPARE_HELP)]
pub(crate) struct CompareArgs {
    /// What to compare with: experiment ids, separated by commas
    pub(crate) a: String,

    /// What to judge: experiment ids, separated by commas
    pub(crate) b: String,

    #[command(flatten)]
    pub(crate) judging: JudgingArgs,

    /// End with exit code 5 at this verdict; several with commas
    #[arg(long, value_name = "VERDICT", value_delimiter = ',')]
    pub(crate) fail_on: Vec<VerdictArg>,

    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A verdict on B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerdictArg {
    /// B takes less
    Better,
    /// B takes the same, to within the margin
    Same,
    /// The interval holds both a difference that matters and none
    Ambiguous,
    /// B takes more
    Worse,
}

const REPORT_HELP: &str = "\
Examples:
  lem results report 20261201T02 -o report.html --open
  lem results report --all -o sweep.html

The file needs no network and no program but a browser. \
Of several experiments the first that is named is what the others are compared with.";

/// Write a report as one file of HTML: figures with intervals, power over time, latencies, sweeps
#[derive(Args, Debug)]
#[command(after_help = REPORT_HELP)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,

    /// File to write
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub(crate) output: PathBuf,

    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,
}

/// Look at a results folder in the browser: filter, sort, compare, open reports
///
/// Serves this machine alone, reads and never writes, and ends with Ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(short, long, value_name = "PORT", default_value_t = 7464)]
    pub(crate) port: u16,

    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,
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
