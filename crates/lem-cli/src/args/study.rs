//! `lem study` and `lem batch`.

use clap::{Args, Subcommand, ValueEnum};
use std::num::NonZeroU32;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
A study file names a base and what varies over it:

  base: base.yaml
  vary: [\"batching.batch_size=1,2,4\", \"decoder.temperature=0,0.7\"]
  exclude: [\"batch_size > 2 and temperature > 0\"]
  cycles: 5
  order: interleaved          # sequential, interleaved, shuffled, latin-square
  seed: 42
  stop_after_failures: 3
  time_limit: 2h

Everything is kept in the study's folder; a study that was stopped or killed goes on where it was.
Exit 4 when cells lack a valid result.";

#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum StudyCommand {
    /// Run a study: a new one from its file, or what is left of one in a folder
    #[command(visible_alias = "resume")]
    Run(StudyRunArgs),
    /// Show how far each cell has come
    Status {
        #[command(flatten)]
        folder: StudyFolderArgs,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let cells that failed or were left out be run again
    Retry(StudyCellsArgs),
    /// Leave cells out
    Skip(StudyCellsArgs),
    /// Hand the cells that are left to a cluster, one task each
    Submit(SubmitArgs),
    /// Cancel tasks of a study that was submitted
    Cancel(StudyCellsArgs),
    /// Run one cell by its position; what a task of a cluster does
    #[command(hide = true)]
    RunCell {
        #[command(flatten)]
        folder: StudyFolderArgs,

        /// Position of the cell in the plan
        index: usize,
    },
}

/// Where a study is.
#[derive(Args, Debug)]
pub(crate) struct StudyFolderArgs {
    /// Folder of the study
    pub(crate) study: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct StudyRunArgs {
    /// Study file, or the folder of a study
    pub(crate) study: PathBuf,

    /// Folder for a new study; left out, `studies/` and the name of the file
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Say what would be run, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Measure although another run may be measuring the same devices; this becomes a finding
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct StudyCellsArgs {
    #[command(flatten)]
    pub(crate) folder: StudyFolderArgs,

    /// Names of cells; none are all that it concerns
    pub(crate) cells: Vec<String>,
}

/// What runs the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Executor {
    /// Slurm, through `sbatch`
    Slurm,
}

#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// Study file, or the folder of a study
    pub(crate) study: PathBuf,

    /// Folder for a new study, which every node must see; left out, `studies/` and the name of the file
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// What runs the tasks
    #[arg(long, value_enum, default_value = "slurm")]
    pub(crate) executor: Executor,

    /// Partition of the cluster
    #[arg(long)]
    pub(crate) partition: Option<String>,

    /// Tasks that run at the same time, at most
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<NonZeroU32>,

    /// More options for `sbatch`: --sbatch=--gres=gpu:1 --sbatch=--time=02:00:00
    #[arg(long = "sbatch", value_name = "OPTION", allow_hyphen_values = true)]
    pub(crate) options: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct BatchArgs {
    /// Configuration files, or patterns of their names: "configs/*.yaml"
    #[arg(required = true)]
    pub(crate) configs: Vec<String>,

    /// Experiments at the same time; their devices have to be disjoint, which the measurement locks see to
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) parallel: NonZeroU32,

    /// Results folder
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) results_dir: Option<PathBuf>,

    /// Accept warnings without asking
    #[arg(short, long)]
    pub(crate) yes: bool,
}
