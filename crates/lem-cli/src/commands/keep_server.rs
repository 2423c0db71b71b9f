//! `lem keep-server`: the process between `lem` and a server that it started.

use crate::args::KeepServerArgs;
use crate::exit::Exit;
use crate::secrets;
use anyhow::Context;
use lem_orchestration::server::Keeper;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::time::Duration;

/// Keeps a server until nothing of it is left.
pub(crate) fn keep_server(args: &KeepServerArgs) -> anyhow::Result<Exit> {
    let keeper = Keeper {
        command: args.command.clone(),
        log: args.log.clone(),
        grace: Duration::from_secs(args.grace),
        afterwards: args.afterwards.clone(),
        hidden: secrets::values(),
    };
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals")?;
    let kept = keeper.keep(std::io::stdin(), std::io::stdout(), |wisher| {
        // Without the thread a signal is overheard; the pipe from `lem` still tells when the server is to go.
        let listen = move || signals.forever().for_each(|_| wisher.stop());
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(listen);
    });
    kept.context("cannot keep the server")?;
    Ok(Exit::Ok)
}
