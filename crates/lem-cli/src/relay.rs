//! Signals on their way to a program that is measured.

mod sender;

use crate::exit::Exit;
use crate::signals;
use anyhow::Context;
use lem_domain::protocol::Interrupt;
use rustix::process::{Pid, Signal, kill_process};
use sender::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Passes SIGINT, SIGTERM and SIGHUP on to the program, each once. Before it runs they raise the interrupt; after it ended
/// they do nothing, because the report is about to come.
#[derive(Clone, Debug)]
pub(crate) struct Relay(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    stage: Stage,
    interrupt: Interrupt,
    /// The last signal that came.
    last: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Before,
    Running(Pid),
    After,
}

impl Relay {
    /// Listens from now on. A signal that whoever started this program told it to ignore stays ignored, for both programs.
    pub(crate) fn listen(interrupt: &Interrupt) -> anyhow::Result<Self> {
        const REFUSED: &str = "cannot listen for signals";
        let relay = Self(Arc::new(Mutex::new(State { stage: Stage::Before, interrupt: interrupt.clone(), last: None })));
        let heard = signals::heeded([SIGINT, SIGTERM, SIGHUP]);
        let interrupt_sender = if heard.contains(&SIGINT) { Sender::of(SIGINT).context(REFUSED)? } else { Sender::default() };
        let mut signals = Signals::new(heard).context(REFUSED)?;
        let receiver = relay.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    let from_terminal = signal == SIGINT && interrupt_sender.is_kernel();
                    receiver.lock().receive(signal, from_terminal);
                }
            })
            .context("cannot start the thread that listens for signals")?;
        Ok(relay)
    }

    /// The program runs. A signal that came while it was being started is passed on now.
    pub(crate) fn started(&self, program: Pid) {
        let mut state = self.lock();
        state.stage = Stage::Running(program);
        if state.interrupt.is_raised()
            && let Some(signal) = state.last
        {
            pass_on(program, signal);
        }
    }

    /// The program has ended; its number may soon be another's.
    pub(crate) fn ended(&self) {
        self.lock().stage = Stage::After;
    }

    /// The exit that the last signal asks for.
    pub(crate) fn exit(&self) -> Exit {
        if self.lock().last == Some(SIGINT) { Exit::Interrupted } else { Exit::Terminated }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn receive(&mut self, signal: i32, from_terminal: bool) {
        self.last = Some(signal);
        match self.stage {
            Stage::Before => self.interrupt.raise(),
            // The terminal sends to every process of the foreground group: the program has had it already. It stays in
            // this group, because outside of it the terminal would not let it read.
            Stage::Running(program) if !from_terminal => pass_on(program, signal),
            Stage::Running(_) | Stage::After => {}
        }
    }
}

fn pass_on(program: Pid, signal: i32) {
    let signal = match signal {
        SIGTERM => Signal::TERM,
        SIGHUP => Signal::HUP,
        _ => Signal::INT,
    };
    // A program that has just ended needs no signal.
    let _ = kill_process(program, signal);
}
