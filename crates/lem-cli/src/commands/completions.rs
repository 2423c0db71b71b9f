//! `lem completions`.

use crate::args::Arguments;
use crate::exit::Exit;
use crate::render::out;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the script of a shell, from the same declaration that arguments are read by.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "lem", &mut script);
    out::text(String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
