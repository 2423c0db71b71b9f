//! `lem batch`: experiments from many configuration files, some of them at the same time.
//!
//! Each is a program of its own, so that none can disturb another one's memory, and one that crashes fails alone.

use super::Voice;
use super::session::Session;
use crate::args::BatchArgs;
use crate::exit::Exit;
use crate::render::out;
use anyhow::Context;
use lem_domain::protocol::{Fault, Interrupt, SeamError};
use lem_domain::{Clock, HostClock};
use std::collections::VecDeque;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// An experiment that runs.
struct Running {
    config: PathBuf,
    child: Child,
}

/// Runs every configuration and says how each ended.
pub(crate) fn batch(args: &BatchArgs, voice: Voice) -> anyhow::Result<Exit> {
    let mut waiting: VecDeque<PathBuf> = configs(&args.configs)?.into();
    let session = Session::listen()?;
    let most = usize::try_from(args.parallel.get()).unwrap_or(usize::MAX);
    let (mut running, mut lacking, mut is_stopping): (Vec<Running>, usize, bool) = (Vec::new(), 0, false);
    while !running.is_empty() || !waiting.is_empty() {
        if session.interrupt.is_raised() && !is_stopping {
            // Once: a second signal would end them at once.
            is_stopping = true;
            lacking += waiting.drain(..).count();
            running.iter().for_each(|running| stop(&running.child));
        }
        while running.len() < most
            && let Some(config) = waiting.pop_front()
        {
            let child = command(args, &config)?.spawn().context("cannot start this program once more")?;
            running.push(Running { config, child });
        }
        let mut left = Vec::new();
        for mut one in running {
            match one.child.try_wait().context("cannot wait for an experiment")? {
                None => left.push(one),
                Some(status) => {
                    lacking += usize::from(!status.success());
                    let ended = status
                        .code()
                        .map_or_else(|| "killed".to_owned(), |code| if code == 0 { "ok".to_owned() } else { format!("exit {code}") });
                    out::line(format!("{}  {ended}", one.config.display()))?;
                }
            }
        }
        running = left;
        HostClock.sleep_until(HostClock.now().after(Interrupt::STEP / 10));
    }
    if session.interrupt.is_raised() {
        return Ok(session.received.exit());
    }
    if lacking > 0 && !voice.quiet {
        anstream::eprintln!("{lacking} experiments have no valid result");
    }
    Ok(if lacking > 0 { Exit::Incomplete } else { Exit::Ok })
}

fn command(args: &BatchArgs, config: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
    // In a group of its own a program hears a signal of the terminal from here alone, and once.
    command.process_group(0);
    command.arg("-q").arg("experiment").arg(config).arg("--fresh").stdin(Stdio::null()).stdout(Stdio::null());
    if args.yes {
        command.arg("--yes");
    }
    if let Some(folder) = &args.results_dir {
        command.arg("-o").arg(folder);
    }
    Ok(command)
}

fn stop(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // One that has ended meanwhile needs no signal.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

/// The files that patterns name, in order, each once.
fn configs(patterns: &[String]) -> Result<Vec<PathBuf>, SeamError> {
    let mut configs: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        let matched =
            glob::glob(pattern).map_err(|error| SeamError::new(Fault::Usage, format!("`{pattern}` is no pattern")).because(error))?;
        let before = configs.len();
        for path in matched.filter_map(Result::ok).filter(|path| path.is_file()) {
            if !configs.contains(&path) {
                configs.push(path);
            }
        }
        if configs.len() == before {
            return Err(SeamError::new(Fault::Usage, format!("`{pattern}` names no file")));
        }
    }
    Ok(configs)
}
