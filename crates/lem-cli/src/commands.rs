//! One module per command; [`dispatch`] is the only way in.

mod aggregate;
mod config;
mod experiment;
mod measure;
mod results;

pub(crate) use measure::Workload;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

/// Runs the command that was typed.
pub(crate) fn dispatch(arguments: &Arguments) -> anyhow::Result<Exit> {
    let voice = Voice { quiet: arguments.quiet };
    match &arguments.command {
        Command::Experiment(args) => experiment::experiment(&args.run, voice),
        Command::Run(args) => experiment::run(args, voice),
        Command::Aggregate(args) => aggregate::aggregate(args, voice),
        Command::Results(command) => results::results(command, voice),
        Command::Config(command) => config::config(command),
    }
}

/// How much the user wants to hear beside data and errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// Nothing.
    pub(crate) quiet: bool,
}
