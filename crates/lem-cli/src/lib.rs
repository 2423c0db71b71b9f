#![doc = include_str!("../README.md")]
mod args;
mod commands;
mod config_file;
mod data_folder;
mod dotenv;
mod exit;
mod launch;
mod load;
mod overlay;
mod program;
mod progress;
mod reference;
mod relay;
mod render;
mod screen;
mod secrets;
mod signals;
mod wire;

pub use exit::Exit;
pub use reference::{Reference, references};

use clap::Parser;
use std::process::ExitCode;

/// Runs the program on the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    // Flags may be given by variables as well, so it comes before they are read.
    let result = dotenv::load().map_err(anyhow::Error::from).and_then(|()| commands::dispatch(&args::Arguments::parse()));
    let exit = match result {
        Ok(exit) => exit,
        Err(error) => {
            render::error::show(&error);
            exit::of_error(&error)
        }
    };
    ExitCode::from(exit.code())
}
