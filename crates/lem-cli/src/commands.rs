//! One module per command; [`dispatch`] is the only way in.

mod aggregate;
mod batch;
mod calibrate;
mod compare;
mod completions;
pub(crate) mod config;
mod datasets;
mod devices;
mod doctor;
mod experiment;
mod grade;
mod keep_server;
mod man;
mod measure;
mod mock_server;
mod monitor;
mod presets;
mod record;
mod results;
mod session;
pub(crate) mod study;
mod unfinished;

use crate::args::{Arguments, Command};
use crate::exit::Exit;

/// Runs the command that was typed.
pub(crate) fn dispatch(arguments: &Arguments) -> anyhow::Result<Exit> {
    let voice = Voice { quiet: arguments.quiet };
    match &arguments.command {
        Command::Experiment(args) => experiment::experiment(args, voice),
        Command::Run(args) => experiment::run(args, voice),
        Command::Batch(args) => batch::batch(args, voice),
        Command::Study(command) => study::study(command, voice),
        Command::Aggregate(args) => aggregate::aggregate(args, voice),
        Command::Measure(args) => measure::measure(args, voice),
        Command::Monitor(args) => monitor::monitor(args, voice),
        Command::Devices(args) => devices::devices(args, devices::Shown::Every, voice),
        Command::Gpus(args) => devices::devices(args, devices::Shown::Accelerators, voice),
        Command::Calibrate(args) => calibrate::calibrate(args, voice),
        Command::Doctor(args) => doctor::doctor(args, voice),
        Command::Results(command) => results::results(command, voice),
        Command::Compare(args) => compare::compare(args),
        Command::Config(command) => config::config(command, voice),
        Command::Presets { name, json } => presets::show(name.as_deref(), *json),
        Command::Datasets(args) => datasets::datasets(args, voice),
        Command::Man { command } => man::man(command),
        Command::MockServer(args) => mock_server::serve(args),
        Command::KeepServer(args) => keep_server::keep_server(args),
        Command::Completions { shell } => completions::completions(*shell),
    }
}

/// How much the user wants to hear beside data and errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    /// Nothing.
    pub(crate) quiet: bool,
}
