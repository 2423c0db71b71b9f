#![doc = include_str!("../README.md")]
mod args;
mod commands;
mod data_folder;
mod exit;
mod load;
mod overlay;
mod program;
mod progress;
mod relay;
mod render;
mod screen;
mod secrets;
mod signals;
mod wire;

pub use exit::Exit;

use clap::Parser;
use std::process::ExitCode;

/// Runs the program on the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    let exit = match commands::dispatch(&arguments) {
        Ok(exit) => exit,
        Err(error) => {
            render::error::show(&error);
            exit::of_error(&error)
        }
    };
    ExitCode::from(exit.code())
}
