//! SIGINT, SIGTERM and the hangup of a terminal: the first ends the run cleanly, a second one at once.

use crate::exit::Exit;
use crate::load;
use anyhow::Context;
use lem_domain::protocol::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// Which signal came, for the exit code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicI32>);

impl Received {
    /// The exit that the signal asks for.
    pub(crate) fn exit(&self) -> Exit {
        if self.0.load(Ordering::Relaxed) == SIGINT { Exit::Interrupted } else { Exit::Terminated }
    }
}

/// Raises the interrupt at the first signal, which is answered by a line on stderr where there is one to give, and ends the
/// process at the second.
pub(crate) fn listen(interrupt: &Interrupt, answer: Option<&'static str>) -> anyhow::Result<Received> {
    let received = Received::default();
    // nohup is a wish to outlive the terminal; that a shell starts what runs in its background deaf to SIGINT is none.
    let heard = [SIGINT, SIGTERM].into_iter().chain(heeded([SIGHUP]));
    let mut signals = Signals::new(heard).context("cannot listen for signals")?;
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
                if let Some(answer) = answer {
                    anstream::eprintln!("\n{answer}");
                }
            }
        })
        .context("cannot start the thread that listens for signals")?;
    Ok(received)
}

/// Of some signals those that whoever started this program did not tell it to ignore.
pub(crate) fn heeded(signals: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let ignored = ignored();
    signals.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0).collect()
}

/// The signals that this process ignores, as a set of bits from signal 1 on; see proc_pid_status(5).
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[expect(clippy::exit, reason = "a second signal asks for exactly this")]
fn end_now(exit: Exit) -> ! {
    load::end_all();
    std::process::exit(i32::from(exit.code()))
}
