//! What can be typed for commands that read sensors and run no model.

use super::RequireArg;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const MEASURE_HELP: &str = "\
Examples:
  lem measure -- make -j8
  lem measure --region FRA -- python train.py
  lem measure --json -- ./bench > energy.json
  lem measure --output energy.json -- ./bench | sort

The report goes to stderr, so that a pipe behind the program works. \
Energy covers whole devices: what else runs on them is in it. \
Ctrl-C reaches the program; the report comes once it has ended.

Exit codes: the program's own; 128+n when signal n ended it; 126 when it cannot be executed, 127 when there is no such program; \
2 usage; 3 --require not met, before the program starts or, when it succeeded, after.";

const MONITOR_HELP: &str = "\
Examples:
  lem monitor
  lem monitor --interval 5s --duration 10m
  lem monitor --json --duration 1m > power.jsonl

Ctrl-C is the normal end: the totals are shown and the exit code is 0. \
Power is the mean over each interval, derived from the recorded samples, and is shown once the sensors' lag has passed.";

/// Which sensors, and what of them is accepted.
#[derive(Args, Debug)]
pub(crate) struct MeterArgs {
    /// Sources of energy: auto, or some of nvml, rapl, amd, hwmon, estimate, virtual, with commas between
    #[arg(long, value_name = "SOURCES", help_heading = "Settings")]
    pub(crate) backend: Option<String>,

    /// Worst grade that the energy may have
    #[arg(long, value_name = "GRADE", help_heading = "Settings")]
    pub(crate) require: Option<RequireArg>,

    /// Grid that carbon is computed with: a country in three letters, or world
    #[arg(long, value_name = "CODE", help_heading = "Settings")]
    pub(crate) region: Option<String>,

    /// Any setting under `energy` or `impact`, by its dotted path: --set impact.pue=1.3
    #[arg(long = "set", value_name = "PATH=VALUE", help_heading = "Settings")]
    pub(crate) set: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = MEASURE_HELP)]
pub(crate) struct MeasureArgs {
    #[command(flatten)]
    pub(crate) meter: MeterArgs,

    /// Time between two samples, 1ms to 10s; left out, each sensor's own
    #[arg(long, value_name = "DURATION", help_heading = "Settings")]
    pub(crate) interval: Option<String>,

    /// Print JSON on stdout; what the program writes there goes to stderr
    #[arg(long)]
    pub(crate) json: bool,

    /// Write JSON to a file and leave the program's output alone
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) output: Option<PathBuf>,

    /// The program and its arguments, behind `--`
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
#[command(after_help = MONITOR_HELP)]
pub(crate) struct MonitorArgs {
    #[command(flatten)]
    pub(crate) meter: MeterArgs,

    /// Time between two figures, 100ms to 1h
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = figure_interval)]
    pub(crate) interval: Duration,

    /// Ends after this time; left out, Ctrl-C does
    #[arg(long, value_name = "DURATION", value_parser = positive)]
    pub(crate) duration: Option<Duration>,

    /// Print one JSON object per line: one for each interval, and one of the whole at the end
    #[arg(long)]
    pub(crate) json: bool,
}

fn figure_interval(text: &str) -> Result<Duration, String> {
    let interval = lem_config::parse_duration(text).map_err(|error| error.to_string())?;
    let bounds = Duration::from_millis(100)..=Duration::from_secs(3_600);
    if bounds.contains(&interval) { Ok(interval) } else { Err("it must be from 100ms to 1h".to_owned()) }
}

fn positive(text: &str) -> Result<Duration, String> {
    let duration = lem_config::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(duration) }
}
