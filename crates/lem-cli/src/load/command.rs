//! A command as a load: started once, then paused and continued with everything that it started.
//!
//! Pausing (`SIGSTOP`, `SIGCONT`) is chosen over ending and starting anew: a program that computes on an accelerator needs
//! seconds to get there, at a power between idle and load, so that none of its starts would be a step. Paused it keeps its
//! context and its memory, and the step is in the computing alone.
//!
//! Nothing is left behind. The command has a process group of its own, which is killed when this value is dropped, by
//! whichever way that comes: the end, an error, a panic, an interrupt. For the ways that drop nothing there are
//! [`end_all`], and the kernel, which kills the shell, or the program that it became, when the thread that started it is
//! gone; what a shell started beside itself outlives a SIGKILL of this process, and that alone.

#![expect(unsafe_code, reason = "what runs between fork and exec can only be set by an unsafe call")]

use crate::secrets::{self, is_assignment};
use lem_domain::protocol::{Fault, SeamError};
use lem_energy::calibrate::Load;
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// Until a program has loaded what it needs and draws its power steadily.
const SETTLING: Duration = Duration::from_secs(5);

/// What `sh` ends with when it cannot find or execute a command.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// The process group that is alive; zero for none. A calibration has one load.
static ALIVE: AtomicI32 = AtomicI32::new(0);

/// Kills what is alive, from any thread: for an end of the process that drops nothing.
pub(crate) fn end_all() {
    if let Some(group) = Pid::from_raw(ALIVE.swap(0, Ordering::SeqCst)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// A command for `sh -c`.
pub(crate) struct CommandLoad {
    command: String,
    /// `None` before it was first switched on.
    child: Option<Child>,
}

impl CommandLoad {
    /// Looks whether the command can be started, without starting it.
    ///
    /// # Errors
    /// When the shell does not understand it, or does not find what it begins with.
    pub(crate) fn new(command: &str) -> Result<Self, SeamError> {
        let refused = |why: String| {
            SeamError::new(Fault::Usage, format!("the load `{}` cannot be started: {why}", without_secrets(command)))
                .with_hint("a load is a command line for `sh`")
        };
        let understood = Command::new("sh").args(["-n", "-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).output();
        let understood = understood.map_err(|error| refused(format!("no shell: {error}")))?;
        if !understood.status.success() {
            return Err(refused(String::from_utf8_lossy(&understood.stderr).trim().to_owned()));
        }
        let Some(first) = command.split_whitespace().find(|word| !is_assignment(word)) else {
            return Err(refused("it is empty".to_owned()));
        };
        // Anything but a plain word is the shell's business.
        let is_plain = first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./+".contains(&byte));
        let known = || Command::new("sh").args(["-c", "command -v -- \"$1\" >/dev/null", "sh", first]).stdin(Stdio::null()).status();
        if is_plain && known().is_ok_and(|status| !status.success()) {
            return Err(refused(format!("`{first}` is not found")));
        }
        Ok(Self { command: command.to_owned(), child: None })
    }

    fn start(&mut self) -> Result<(), SeamError> {
        let mut command = Command::new("sh");
        // What it prints is nobody's data; what it complains about may be why it ended.
        command.args(["-c", &self.command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).process_group(0);
        // SAFETY: between fork and exec only calls that are safe in a signal handler are allowed. This one is a single
        // system call, which neither allocates nor locks.
        unsafe {
            command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
        }
        let failed = |error| SeamError::new(Fault::Run, "cannot start the shell that runs the load").because(error);
        let child = command.spawn().map_err(|error: std::io::Error| failed(error))?;
        ALIVE.store(i32::try_from(child.id()).unwrap_or(0), Ordering::SeqCst);
        self.child = Some(child);
        Ok(())
    }

    /// Sends a signal to everything that it started.
    fn signal(&mut self, signal: Signal) -> Result<(), SeamError> {
        let Some(child) = &mut self.child else { return Ok(()) };
        if let Ok(Some(status)) = child.try_wait() {
            return Err(self.ended(status));
        }
        let sent = group(child).map(|group| kill_process_group(group, signal));
        match sent {
            Some(Err(error)) => Err(SeamError::new(Fault::Run, "cannot pause or continue the load").because(std::io::Error::from(error))),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn ended(&self, status: ExitStatus) -> SeamError {
        let command = without_secrets(&self.command);
        if matches!(status.code(), Some(NOT_EXECUTABLE | NOT_FOUND)) {
            let error = SeamError::new(Fault::Usage, format!("the load `{command}` cannot be started: {status}"));
            return error.with_hint("what the shell says of it stands above");
        }
        SeamError::new(Fault::Run, format!("the load `{command}` ended by itself: {status}"))
            .with_hint("it must run until it is stopped, as `while true; do COMMAND; done` does")
    }
}

impl Load for CommandLoad {
    fn label(&self) -> String {
        without_secrets(&self.command)
    }

    fn settling(&self) -> Duration {
        SETTLING
    }

    fn on(&mut self) -> Result<(), SeamError> {
        if self.child.is_none() { self.start() } else { self.signal(Signal::CONT) }
    }

    fn off(&mut self) -> Result<(), SeamError> {
        self.signal(Signal::STOP)
    }
}

impl Drop for CommandLoad {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // A stopped process dies of it as well. While the shell is not waited for, its number cannot be another's.
            if let Some(group) = group(child) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait();
            ALIVE.store(0, Ordering::SeqCst);
        }
    }
}

/// A process group has the number of its first process.
fn group(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// The command as it may be stored and shown.
fn without_secrets(command: &str) -> String {
    secrets::hidden(command.split_whitespace()).join(" ")
}

#[cfg(test)]
mod tests;
