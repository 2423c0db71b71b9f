//! What can be typed.

mod calibrate;
mod datasets;
mod former;
mod grid;
mod keep_server;
mod meter;
mod mock_server;
mod new;
mod prompts;
mod results;
mod study;
mod traffic;

pub(crate) use calibrate::CalibrateArgs;
pub(crate) use datasets::{DatasetsArgs, DatasetsCommand};
pub(crate) use former::FormerArgs;
pub(crate) use grid::GridArgs;
pub(crate) use keep_server::KeepServerArgs;
pub(crate) use meter::{MeasureArgs, MeterArgs, MonitorArgs};
pub(crate) use mock_server::MockServerArgs;
pub(crate) use new::NewArgs;
pub(crate) use prompts::PromptArgs;
pub(crate) use results::{CompareArgs, ExportArgs, FormatArg, JudgingArgs, ReportArgs, ResultsCommand, ServeArgs, VerdictArg, WhichArgs};
pub(crate) use study::{BatchArgs, Executor, StudyCellsArgs, StudyCommand, StudyFolderArgs, StudyRunArgs, SubmitArgs};
pub(crate) use traffic::{ArrivalArg, EndpointArg, TrafficArgs};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Examples:
  lem experiment --preset quick-test --model models/SmolLM2-135M-Instruct.Q4_1.gguf
  lem experiment configs/quick-test.yaml -n 20 --json
  lem results list
  lem results show 2026
  lem measure -- make -j8
  lem monitor

Exit codes: 0 ok, 1 run failed, 2 usage or configuration, 3 preflight or --require not met,
4 finished with missing requests, 5 a --fail-on verdict, 130/143 interrupted. `lem measure` passes the program's own.";

/// Measures how much energy, time and arithmetic a language model's inference takes — and says how sure it is.
#[derive(Debug, Parser)]
#[command(name = "lem", version, about, after_help = AFTER_HELP, propagate_version = true)]
pub(crate) struct Arguments {
    /// Show no progress and no findings, only data and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one experiment and show what it took
    Experiment(ExperimentArgs),
    /// Run one experiment and leave its raw records; `lem aggregate` derives the figures later
    Run(RunArgs),
    /// Run many configurations, each as an experiment of its own
    Batch(BatchArgs),
    /// Run many experiments as one: a base, what varies over it, cycles
    #[command(subcommand)]
    Study(StudyCommand),
    /// Derive the figures of an experiment from its raw records
    Aggregate(AggregateArgs),
    /// Measure the energy of any program while it runs
    Measure(MeasureArgs),
    /// Show the power of every device as time passes
    Monitor(MonitorArgs),
    /// Show every device whose energy could be read, and why one cannot
    Devices(DevicesArgs),
    /// Show the accelerators alone, as `lem devices` does
    Gpus(DevicesArgs),
    /// Find out what the sensors of this machine are, for later runs to know
    Calibrate(CalibrateArgs),
    /// Check what stands between this machine and good figures, and say how to remove it
    Doctor(DoctorArgs),
    /// Look at stored results
    #[command(subcommand)]
    Results(ResultsCommand),
    Compare(CompareArgs),
    /// Check, show and write configurations
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the presets that configurations build on
    Presets {
        /// Show what this one sets
        name: Option<String>,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the prompt sets that have a short name, and what of them this machine has
    Datasets(DatasetsArgs),
    /// Print the manual page of lem, or of one of its commands
    ///
    /// lem man > ~/.local/share/man/man1/lem.1
    /// lem man experiment | man -l -
    #[command(verbatim_doc_comment)]
    Man {
        /// The command, such as `config show`
        command: Vec<String>,
    },
    #[command(hide = true)]
    MockServer(MockServerArgs),
    /// Keep a server until nothing of it is left
    #[command(hide = true)]
    KeepServer(KeepServerArgs),
    /// Print what a shell needs to complete commands
    ///
    /// bash: lem completions bash > ~/.local/share/bash-completion/completions/lem
    /// zsh: lem completions zsh > a folder of $fpath, as _lem
    /// fish: lem completions fish > ~/.config/fish/completions/lem.fish
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which configuration, from file, preset and flags.
#[derive(Args, Debug, Default)]
pub(crate) struct ConfigArgs {
    /// Configuration file: .yaml, .json or .toml
    pub(crate) config: Option<PathBuf>,

    /// Preset that the file and the flags build on; `lem presets` lists them
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,

    /// Model: a .gguf file, a folder that holds one, or org/name[@revision] on a hub
    #[arg(short, long, value_name = "REF", help_heading = "Settings")]
    pub(crate) model: Option<String>,

    /// Output tokens of a request at most
    #[arg(long, value_name = "N", help_heading = "Settings")]
    pub(crate) max_tokens: Option<u32>,

    /// Windows that are measured one after the other
    #[arg(long, value_name = "N", help_heading = "Settings")]
    pub(crate) cycles: Option<u32>,

    /// Seed of every random choice
    #[arg(long, value_name = "N", help_heading = "Settings")]
    pub(crate) seed: Option<u64>,

    /// What runs the model: candle, pytorch, vllm, tensorrt, llamacpp, sglang, openai, virtual
    #[arg(long, value_name = "NAME", help_heading = "Settings")]
    pub(crate) backend: Option<String>,

    /// Worst grade that the energy may have
    #[arg(long, value_name = "GRADE", help_heading = "Settings")]
    pub(crate) require: Option<RequireArg>,

    /// Any setting, by its dotted path: --set batching.batch_size=8
    #[arg(long = "set", value_name = "PATH=VALUE", help_heading = "Settings")]
    pub(crate) set: Vec<String>,

    /// Results folder
    #[arg(short = 'o', long, value_name = "DIR", help_heading = "Settings")]
    pub(crate) results_dir: Option<PathBuf>,

    /// Run requests one at a time, so that each has its own latency
    #[arg(long, overrides_with = "no_streaming", help_heading = "Settings")]
    pub(crate) streaming: bool,

    /// Take that back from the file or the preset
    #[arg(long, overrides_with = "streaming", help_heading = "Settings")]
    pub(crate) no_streaming: bool,

    #[command(flatten)]
    pub(crate) prompts: PromptArgs,

    #[command(flatten)]
    pub(crate) former: FormerArgs,

    #[command(flatten)]
    pub(crate) traffic: TrafficArgs,

    /// Let settings through that have no effect on the backend; each becomes a finding
    #[arg(long)]
    pub(crate) force: bool,
}

/// Worst grade of energy that is accepted.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RequireArg {
    /// Whatever there is, also no energy at all
    Any,
    /// At least an estimate
    Estimated,
    /// Measured, or derived from measured values
    Measured,
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Print the resolved configuration and stop
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Measure although another run may be measuring the same devices; this becomes a finding
    #[arg(long)]
    pub(crate) no_lock: bool,

    /// Accept warnings without asking
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const EXPERIMENT_HELP: &str = "\
Examples:
  lem experiment --preset quick-test --model models/SmolLM2-135M-Instruct.Q4_1.gguf
  lem experiment configs/quick-test.yaml -n 20 --set batching.batch_size=4 --json
  lem experiment --model org/name@main --dataset gsm8k --split test --chat-template model
  lem experiment configs/virtual.yaml --dry-run";

#[derive(Args, Debug)]
#[command(after_help = EXPERIMENT_HELP)]
pub(crate) struct ExperimentArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Go on with an unfinished experiment, by its id or the unique beginning of one, at its first cycle that is not whole
    #[arg(long, value_name = "ID", conflicts_with_all = ["config", "preset", "fresh"])]
    pub(crate) resume: Option<String>,

    /// Begin anew, without looking for an unfinished run of the same experiment
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// Where stored results are.
#[derive(Args, Debug)]
pub(crate) struct FolderArgs {
    /// Results folder
    #[arg(short = 'o', long, value_name = "DIR", default_value = "results", env = "LEM_RESULTS_DIR")]
    pub(crate) results_dir: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Worst grade of energy that must be readable here; exit 3 when it is not
    #[arg(long, value_name = "GRADE", default_value = "estimated")]
    pub(crate) require: RequireArg,

    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AggregateArgs {
    /// Experiment id, or the unique beginning of one
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) folder: FolderArgs,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration and say what is wrong with it
    Validate {
        #[command(flatten)]
        config: ConfigArgs,

        /// Print JSON: whether it is valid, what is wrong with it, and what is worth a second look
        #[arg(long)]
        json: bool,
    },
    /// Show the resolved configuration
    Show {
        #[command(flatten)]
        config: ConfigArgs,

        /// Show where each value came from
        #[arg(long)]
        origin: bool,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    New(NewArgs),
    GenerateGrid(GridArgs),
    /// Print the JSON Schema of configuration files, for editors and checks
    Schema,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
