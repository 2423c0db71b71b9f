//! Flags of the former tool that still work, each with a hint at what is written today. No help text shows them.

use clap::Args;

/// Flags under their former names.
#[derive(Args, Debug, Default)]
pub(crate) struct FormerArgs {
    #[arg(short = 'b', long, value_name = "N", hide = true)]
    pub(crate) batch_size: Option<u32>,

    #[arg(long, value_name = "TYPE", hide = true)]
    pub(crate) precision: Option<String>,

    #[arg(long, value_name = "N", hide = true)]
    pub(crate) num_processes: Option<u32>,

    #[arg(long, value_name = "LIST", hide = true, value_delimiter = ',')]
    pub(crate) gpu_list: Option<Vec<u32>>,

    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(crate) temperature: Option<f64>,

    #[arg(long, hide = true, conflicts_with = "no_quantization")]
    pub(crate) quantization: bool,

    #[arg(long, hide = true)]
    pub(crate) no_quantization: bool,

    #[arg(long, value_name = "N", hide = true)]
    pub(crate) streaming_warmup: Option<u32>,
}
