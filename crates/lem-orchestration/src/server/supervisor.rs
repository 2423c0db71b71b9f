//! Starting a server and following it until it answers.

use super::kept::{Kept, Standing};
use super::log;
use super::readiness::{Answer, ask};
use lem_domain::protocol::{Fault, HostFacts, Interrupt, SeamError, ServerEndpoint, ServerHost};
use lem_domain::{Clock, TimeWindow, Timestamp};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Lines of the log that an error shows.
const SHOWN_LINES: usize = 12;

/// How often a server that does not answer yet is asked: often while that costs nothing against its start, then seldom.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How a server is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPlan {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables of its environment, beside those of this process.
    pub environment: BTreeMap<String, String>,
    /// A command that is run when it has ended; empty for none.
    pub afterwards: Vec<String>,
    /// Port of this machine that it is to answer at.
    pub port: u16,
    /// The path that is asked until it answers with status 200.
    pub ready_path: &'static str,
    /// The name by which requests call its model; `None` where it says so itself.
    pub served_model: Option<String>,
    /// How long it may take until it answers.
    pub startup_timeout: Duration,
    /// How long it may take to end.
    pub grace: Duration,
    /// What is recorded of it; the time of its start is filled in.
    pub facts: HostFacts,
}

/// Starts servers.
#[derive(Clone)]
pub struct Supervisor {
    /// The words that run a [`Keeper`](super::Keeper): the program and its first arguments.
    pub keeper: Vec<OsString>,
    /// The file that the server's output is added to.
    pub log: PathBuf,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// The user's wish to stop.
    pub interrupt: Interrupt,
    /// Texts that no error may show, such as keys.
    pub hidden: Vec<String>,
}

/// A server that was started here and answers.
pub struct Supervised {
    kept: Kept,
    log: PathBuf,
    hidden: Vec<String>,
    endpoint: ServerEndpoint,
    facts: HostFacts,
}

impl Supervisor {
    /// A port of this machine that nobody listens at.
    ///
    /// # Errors
    /// When there is none.
    pub fn free_port() -> Result<u16, SeamError> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        bound.map(|address| address.port()).map_err(|error| SeamError::new(Fault::Preflight, "no port is free for a server").because(error))
    }

    /// Starts a server and returns once it answers.
    ///
    /// # Errors
    /// When it cannot be started, ends, does not answer in time, or the user wishes to stop. Then nothing of it is left.
    pub fn start(&self, plan: ServerPlan) -> Result<Supervised, SeamError> {
        let name = plan.command.first().cloned().unwrap_or_default();
        let folder = self.log.parent().unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(folder)
            .map_err(|error| SeamError::new(Fault::Preflight, format!("cannot write `{}`", folder.display())).because(error))?;
        let start = self.clock.now();
        let kept = Kept::start(&self.keeper_words(&plan), plan.environment.clone().into_iter(), plan.grace).map_err(|error| {
            SeamError::new(Fault::Preflight, format!("the server `{name}` cannot be started"))
                .because(error)
                .with_hint("install it, name its program in `<backend>.server.command`, or use `launcher: docker` or `attach`")
        })?;
        let mut server = Supervised {
            kept,
            log: self.log.clone(),
            hidden: self.hidden.clone(),
            endpoint: ServerEndpoint { base_url: format!("http://127.0.0.1:{}/v1", plan.port), served_model: plan.served_model.clone() },
            facts: plan.facts.clone(),
        };
        let end = self.follow(&mut server, &plan, start)?;
        server.facts.start = Some(TimeWindow { start, end });
        Ok(server)
    }

    /// Asks until it answers; gives when it did.
    fn follow(&self, server: &mut Supervised, plan: &ServerPlan, start: Timestamp) -> Result<Timestamp, SeamError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, plan.port));
        let deadline = start.after(plan.startup_timeout);
        let mut pause = FIRST_PAUSE;
        loop {
            // Whether it lives comes first: another server could have taken the port.
            server.check_alive()?;
            let answer = ask(address, plan.ready_path);
            let now = self.clock.now();
            if answer == Answer::Status(200) {
                server.check_alive()?;
                return Ok(now);
            }
            if self.interrupt.is_raised() {
                return Err(SeamError::new(Fault::Run, "stopped while the server was starting"));
            }
            if now >= deadline {
                let what = format!("the server did not answer within {} s", plan.startup_timeout.as_secs());
                return Err(server.with_last_lines(what).with_hint("raise `<backend>.server.startup_timeout`, or look at its log"));
            }
            self.clock.sleep_until(now.after(pause).min(deadline));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn keeper_words(&self, plan: &ServerPlan) -> Vec<OsString> {
        let mut words = self.keeper.clone();
        words.extend(["--log".into(), self.log.clone().into_os_string()]);
        words.extend(["--grace".into(), plan.grace.as_secs().to_string().into()]);
        for word in &plan.afterwards {
            words.push(format!("--afterwards={word}").into());
        }
        words.push("--".into());
        words.extend(plan.command.iter().map(OsString::from));
        words
    }
}

impl Supervised {
    fn with_last_lines(&self, what: String) -> SeamError {
        let lines = log::without(&log::last_lines(&self.log, SHOWN_LINES), &self.hidden);
        let error = SeamError::new(Fault::Preflight, what);
        if lines.is_empty() { error } else { error.because(format!("it wrote last:\n{lines}")) }
    }
}

impl ServerHost for Supervised {
    fn endpoint(&self) -> &ServerEndpoint {
        &self.endpoint
    }

    fn facts(&self) -> &HostFacts {
        &self.facts
    }

    fn check_alive(&mut self) -> Result<(), SeamError> {
        match self.kept.standing() {
            Standing::Running => Ok(()),
            Standing::Gone(how) => {
                let hint = format!("all that it wrote is in {}", self.log.display());
                Err(self.with_last_lines(format!("the server ended {how}")).with_hint(hint))
            }
        }
    }

    fn stop(&mut self) -> Result<(), SeamError> {
        self.kept.stop();
        Ok(())
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.kept.stop();
    }
}
