//! SIGINT and SIGTERM: the first ends the run cleanly, a second one at once.

use crate::exit::Exit;
use anyhow::Context;
use lem_domain::protocol::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// Which signal came, for the exit code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicI32>);

impl Received {
    /// The exit that the signal asks for.
    pub(crate) fn exit(&self) -> Exit {
        if self.0.load(Ordering::Relaxed) == SIGTERM { Exit::Terminated } else { Exit::Interrupted }
    }
}

/// Raises the interrupt at the first signal and ends the process at the second.
pub(crate) fn listen(interrupt: &Interrupt) -> anyhow::Result<Received> {
    let received = Received::default();
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen for signals")?;
    let (interrupt, seen) = (interrupt.clone(), received.clone());
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                seen.0.store(signal, Ordering::Relaxed);
                if interrupt.is_raised() {
                    end_now(seen.exit());
                }
                interrupt.raise();
                anstream::eprintln!("\nstopping: what was recorded is being saved (once more to stop at once)");
            }
        })
        .context("cannot start the thread that listens for signals")?;
    Ok(received)
}

#[expect(clippy::exit, reason = "a second signal asks for exactly this")]
fn end_now(exit: Exit) -> ! {
    std::process::exit(i32::from(exit.code()))
}
