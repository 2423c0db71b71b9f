//! What a keeper of a server is told; only `lem` itself types this.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct KeepServerArgs {
    /// File that the server's output is added to
    #[arg(long, value_name = "FILE")]
    pub(crate) log: PathBuf,

    /// Seconds that the server may take to end
    #[arg(long, value_name = "SECONDS")]
    pub(crate) grace: u64,

    /// A word of the command that is run when the server has ended; once for each word
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) afterwards: Vec<OsString>,

    /// The server's program and its arguments
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}
