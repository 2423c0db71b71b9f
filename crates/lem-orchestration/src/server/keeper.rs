//! The keeper: the parent of a server, in a process of its own.
//!
//! It adopts whatever the server's processes leave behind, so that all of them can be found and ended, whichever session
//! they moved to. It watches a pipe from `lem`: when that closes, `lem` is gone, also by SIGKILL, and so goes the server.
//! While the server runs it sleeps.

use super::log;
use super::processes;
use super::segments::{self, Segments};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper, waitid};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// The byte on the pipe that asks for an orderly end.
pub(super) const STOP: u8 = b's';

/// What the keeper says on its own pipe, a line each, before the rest of the line.
pub(super) mod words {
    pub(in crate::server) const STARTED: &str = "started ";
    pub(in crate::server) const FAILED: &str = "failed ";
    pub(in crate::server) const ENDED: &str = "ended ";
}

/// Starts a server and stays until nothing of it is left.
#[derive(Debug)]
pub struct Keeper {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The file that everything it writes is added to.
    pub log: PathBuf,
    /// How long it may take to end after it was asked to.
    pub grace: Duration,
    /// A command that is run when it has ended, such as one that removes a container; empty for none.
    pub afterwards: Vec<OsString>,
    /// Texts that must not stay in the log, such as keys.
    pub hidden: Vec<String>,
}

/// Something that a keeper wakes up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// The server's first process has ended.
    Ended,
    /// The server is to end in order.
    Stop,
    /// Nobody is left who wants the server.
    Abandoned,
}

/// Asks a keeper to stop its server, from another thread.
#[derive(Clone, Debug)]
pub struct Wisher(Sender<Happening>);

impl Wisher {
    /// Asks.
    pub fn stop(&self) {
        // A keeper that is gone has stopped its server.
        let _ = self.0.send(Happening::Stop);
    }
}

impl Keeper {
    /// Keeps the server until it has ended and nothing of it is left.
    ///
    /// `wishes` is the pipe from `lem`; `told` the pipe to it; `listening` gets a handle for signals before the server starts.
    ///
    /// # Errors
    /// When the system refuses what a keeper needs, or the log cannot be written. That the server itself cannot be started
    /// is told on the pipe.
    pub fn keep(self, mut wishes: impl Read + Send + 'static, mut told: impl Write, listening: impl FnOnce(Wisher)) -> io::Result<()> {
        set_child_subreaper(Some(getpid()))?;
        let (happened, happenings) = channel();
        listening(Wisher(happened.clone()));
        let before = segments::all();
        let mut server = match self.start() {
            Ok(server) => server,
            Err(error) => return tell(&mut told, words::FAILED, &error.to_string()),
        };
        let pid = Pid::from_child(&server);
        tell(&mut told, words::STARTED, &pid.as_raw_nonzero().to_string())?;
        let ended = happened.clone();
        thread::Builder::new().name("server".to_owned()).spawn(move || {
            // It is not reaped here, so that its number stays its own for as long as signals may be sent to it.
            while matches!(waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT), Err(rustix::io::Errno::INTR)) {}
            let _ = ended.send(Happening::Ended);
        })?;
        thread::Builder::new().name("wishes".to_owned()).spawn(move || {
            let mut byte = [0];
            while matches!(wishes.read(&mut byte), Ok(1)) {
                if byte[0] == STOP {
                    let _ = happened.send(Happening::Stop);
                }
            }
            let _ = happened.send(Happening::Abandoned);
        })?;

        let mut used = Segments::new();
        let happening = happenings.recv().unwrap_or(Happening::Abandoned);
        used.extend(segments::of(&processes::descendants(getpid())));
        if happening == Happening::Stop {
            self.stop_in_order(pid, &happenings);
            used.extend(segments::of(&processes::descendants(getpid())));
        }
        let status = end_all(&mut server);
        self.run_afterwards();
        segments::remove(used.difference(&before));
        log::hide(&self.log, &self.hidden)?;
        let _ = tell(&mut told, words::ENDED, &in_words(status));
        Ok(())
    }

    fn start(&self) -> io::Result<Child> {
        let [program, arguments @ ..] = self.command.as_slice() else { return Err(io::ErrorKind::NotFound.into()) };
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // Out of the terminal's group: an interrupt there is a wish to `lem`, which then ends the server itself.
        command.process_group(0);
        command.spawn().map_err(|error| io::Error::new(error.kind(), format!("cannot start `{}`: {error}", program.display())))
    }

    /// Asks the first process to end and gives it time, unless somebody loses patience.
    fn stop_in_order(&self, server: Pid, happenings: &Receiver<Happening>) {
        let _ = kill_process(server, Signal::TERM);
        let mut stops = 0;
        loop {
            match happenings.recv_timeout(self.grace) {
                Ok(Happening::Stop) if stops == 0 => stops += 1,
                Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn run_afterwards(&self) {
        if let [program, arguments @ ..] = self.afterwards.as_slice() {
            // Most often there is nothing left for it to do, and it says so.
            let _ = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// How often what is left is looked for, and how long is waited in between: ten seconds in all. A process that SIGKILL does
/// not end by then waits in the kernel, for a driver or a disk, and nobody could end it.
const LOOKS: u32 = 2000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Kills whatever still runs of the server and reaps it; gives how its first process ended.
fn end_all(server: &mut Child) -> Option<ExitStatus> {
    for _ in 0..LOOKS {
        let left = processes::descendants(getpid());
        for &pid in &left {
            let _ = kill_process(pid, Signal::KILL);
        }
        for pid in left.into_iter().filter(|&pid| pid != Pid::from_child(server)) {
            // Those that were adopted; others are reaped by their own parents, or adopted later.
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
        let status = server.try_wait().ok().flatten();
        if status.is_some() && processes::descendants(getpid()).is_empty() {
            return status;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    server.try_wait().ok().flatten()
}

fn in_words(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) => format!("with code {code}"),
        Some((None, Some(signal))) => format!("by signal {signal}"),
        Some((None, None)) | None => "in an unknown way".to_owned(),
    }
}

fn tell(told: &mut impl Write, word: &str, rest: &str) -> io::Result<()> {
    // One line, whatever an error says.
    writeln!(told, "{word}{}", rest.replace('\n', " "))?;
    told.flush()
}
