//! A keeper, as `lem` sees it.

use super::keeper::{STOP, words};
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

/// How long beyond the server's own time a keeper may take to clear up.
const CLEARING: Duration = Duration::from_secs(30);

/// How a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It runs.
    Running,
    /// It does not, in words.
    Gone(String),
}

/// A keeper that runs, with its server.
#[derive(Debug)]
pub(super) struct Kept {
    keeper: Child,
    /// Closing it is a wish that the server be gone at once.
    wishes: Option<ChildStdin>,
    told: Receiver<String>,
    server: Pid,
    /// How it ended, once it has.
    end: Option<String>,
    grace: Duration,
}

impl Kept {
    /// Starts a keeper by its words, which start the server.
    ///
    /// # Errors
    /// When either cannot be started.
    pub(super) fn start(keeper: &[OsString], environment: impl Iterator<Item = (String, String)>, grace: Duration) -> io::Result<Self> {
        let [program, arguments @ ..] = keeper else { return Err(io::ErrorKind::NotFound.into()) };
        let mut command = Command::new(program);
        command.args(arguments).envs(environment).stdin(Stdio::piped()).stdout(Stdio::piped());
        // An interrupt of the terminal is a wish to `lem` alone.
        command.process_group(0);
        let mut keeper = command.spawn()?;
        let (tell, told) = channel();
        if let Some(stdout) = keeper.stdout.take() {
            let read = move || BufReader::new(stdout).lines().map_while(Result::ok).all(|line| tell.send(line).is_ok());
            std::thread::Builder::new().name("keeper".to_owned()).spawn(read)?;
        }
        let wishes = keeper.stdin.take();
        let first = told.recv().unwrap_or_default();
        let started = first.strip_prefix(words::STARTED).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        let Some(server) = started else {
            drop(wishes);
            let _ = keeper.wait();
            return Err(io::Error::other(first.strip_prefix(words::FAILED).unwrap_or("its keeper ended").to_owned()));
        };
        Ok(Self { keeper, wishes, told, server, end: None, grace })
    }

    /// How the server stands; costs one look at a queue.
    pub(super) fn standing(&mut self) -> Standing {
        if self.end.is_none() {
            match self.told.try_recv() {
                Ok(line) => self.end = Some(ended(&line)),
                Err(TryRecvError::Disconnected) => self.end = Some("with its keeper".to_owned()),
                Err(TryRecvError::Empty) => {}
            }
        }
        self.end.clone().map_or(Standing::Running, Standing::Gone)
    }

    /// Stops the server in order, or else at once.
    pub(super) fn stop(&mut self) {
        if self.standing() == Standing::Running
            && let Some(wishes) = &mut self.wishes
        {
            let _ = wishes.write_all(&[STOP]);
            if let Ok(line) = self.told.recv_timeout(self.grace + CLEARING) {
                self.end = Some(ended(&line));
            }
        }
        self.end_now();
    }

    /// Ends everything that is left.
    fn end_now(&mut self) {
        drop(self.wishes.take());
        if self.end.is_none() {
            match self.told.recv_timeout(CLEARING) {
                Ok(line) => self.end = Some(ended(&line)),
                // Its keeper was killed: what it would have done is done from here, as far as that goes.
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {
                    let _ = kill_process_group(self.server, Signal::KILL);
                    let _ = self.keeper.kill();
                    self.end = Some("with its keeper".to_owned());
                }
            }
        }
        let _ = self.keeper.wait();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.end_now();
    }
}

fn ended(line: &str) -> String {
    line.strip_prefix(words::ENDED).unwrap_or(line).to_owned()
}
