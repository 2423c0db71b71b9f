//! A program that runs while it is measured.

mod reap;

pub(crate) use reap::Ended;

use crate::relay::Relay;
use lem_domain::{Clock, HostClock, Timestamp};
use lem_orchestration::Work;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Where what the program writes to its stdout goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// To the stdout of this process.
    Inherited,
    /// To the stderr of this process, whose stdout is for data.
    Stderr,
}

/// A running program.
pub(crate) struct Program {
    pid: Pid,
    /// Disconnected once the program has ended.
    ended: Receiver<()>,
    relay: Relay,
}

impl Program {
    /// Starts a program with its arguments; it is found as a shell finds it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &[OsString], output: Output, relay: &Relay) -> io::Result<Self> {
        let [name, arguments @ ..] = command else { return Err(io::ErrorKind::NotFound.into()) };
        let mut program = Command::new(name);
        program.args(arguments);
        if output == Output::Stderr {
            program.stdout(Stdio::from(io::stderr()));
        }
        // The thread is there first: a program must not run without anyone to see it end.
        let (tell_pid, pid) = channel::<Pid>();
        let (running, ended) = channel::<()>();
        std::thread::Builder::new().name("program".to_owned()).spawn(move || {
            // Whatever ends this thread disconnects `ended`.
            let _running = running;
            let Ok(pid) = pid.recv() else { return };
            // The program is not reaped here: its number stays its own for as long as signals may be sent to it.
            while matches!(waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT), Err(Errno::INTR)) {}
        })?;
        let pid = Pid::from_child(&program.spawn()?);
        relay.started(pid);
        let _ = tell_pid.send(pid);
        Ok(Self { pid, ended, relay: relay.clone() })
    }
}

impl Work for Program {
    type Outcome = io::Result<Ended>;

    fn wait_until(&mut self, deadline: Timestamp) -> Option<Self::Outcome> {
        let wait = Duration::from_nanos(deadline.as_nanos().saturating_sub(HostClock.now().as_nanos()));
        match self.ended.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => None,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                self.relay.ended();
                Some(reap::reap(self.pid))
            }
        }
    }
}
