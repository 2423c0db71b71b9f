//! `lem mock-server`.

use clap::Args;
use lem_core::mock_server::FaultRule;

/// Serve a model that computes nothing, with known times and faults on demand, to test clients and load against
#[derive(Args, Debug)]
pub(crate) struct MockServerArgs {
    /// Port of this machine; 0 takes a free one
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub(crate) port: u16,

    /// Time from the start of a request to its first token
    #[arg(long, default_value = "20ms", value_name = "TIME")]
    pub(crate) ttft: String,

    /// Time between two tokens
    #[arg(long, default_value = "5ms", value_name = "TIME")]
    pub(crate) itl: String,

    /// How much longer each step takes for every other request that runs
    #[arg(long, default_value = "0s", value_name = "TIME")]
    pub(crate) itl_beside: String,

    /// Most requests that run at once; others wait
    #[arg(long, value_name = "N")]
    pub(crate) slots: Option<usize>,

    /// Name of the model
    #[arg(long, default_value = "mock", value_name = "NAME")]
    pub(crate) model: String,

    /// What goes wrong, as name, name=value or name=value/every: reset=3/10 resets every tenth answer after three tokens
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<FaultRule>,
}
