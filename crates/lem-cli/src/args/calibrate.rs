//! What can be typed after `lem calibrate`.

use clap::Args;
use lem_energy::calibrate::SHORTEST;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  lem calibrate                                      a machine without accelerators: the processor is the load
  lem calibrate --load 'python3 matmul.py'           the load of an accelerator; it must run until it is stopped
  lem calibrate --device nvml:0 --load './gpu_burn 3600'
  lem calibrate --list

Without a load, the averaging window, the lag and the counter ratio stay unknown.
The machine must do nothing else meanwhile.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CalibrateArgs {
    /// Command that draws power until it is stopped; it is paused and continued
    #[arg(long, value_name = "COMMAND", conflicts_with = "spin")]
    pub(crate) load: Option<String>,

    /// Let the processor spin as the load; the default where every sensor is the processor's
    #[arg(long)]
    pub(crate) spin: bool,

    /// How long it may take, such as 60s
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) duration: Duration,

    /// Device to calibrate, may be given several times: its identity, `nvml`, or `nvml:0`
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Vec<String>,

    /// Store a profile even where it knows less than the one before
    #[arg(long)]
    pub(crate) replace: bool,

    /// Show what would be done and stop
    #[arg(long, conflicts_with_all = ["list", "json"])]
    pub(crate) dry_run: bool,

    /// Show the profiles that are stored and stop
    #[arg(long, conflicts_with_all = ["load", "spin", "device", "replace"])]
    pub(crate) list: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = lem_config::parse_duration(text).map_err(|error| error.to_string())?;
    if duration >= SHORTEST { Ok(duration) } else { Err(format!("a calibration needs {} s at least", SHORTEST.as_secs())) }
}
