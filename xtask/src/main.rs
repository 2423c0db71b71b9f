//! Everything a maintainer runs: `cargo xtask --help` lists it.
//!
//! Depends on no crate of the project, so that it builds in seconds and can judge a workspace that does not compile.
//! Start at [`Task`].
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a maintainer's tool talks to the terminal")]

mod bench;
mod ci;
mod cuda;
mod demo;
mod dist;
mod docs;
mod grid;
mod layers;
mod model;
mod process;
mod release;
mod setup;
mod stopwatch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a maintainer of lem runs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check in order: formatting, lints, layers, documents, tests, a real model end to end
    Ci(ci::Arguments),
    /// Install the tools that the checks need, where they are missing
    Setup(setup::Arguments),
    /// Fetch the small model that the tests and the demo use
    Model(model::Arguments),
    /// Build lem and measure a real model with it
    Demo(demo::Arguments),
    /// Check that dependencies between crates point down only
    Layers,
    /// Build the reference, or check the documents
    Docs(docs::Arguments),
    /// Write a configuration for each combination of values, as `lem config generate-grid` does
    Grid(grid::Arguments),
    /// Measure what one aspect costs: starting, sampling
    Bench(bench::Arguments),
    /// Build the archive that users install
    Dist(dist::Arguments),
    /// Check whether a release could be made
    Release(release::Arguments),
    /// Build lem for NVIDIA GPUs, on a machine that need not have one
    BuildCuda(cuda::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Ci(arguments) => ci::run(&arguments),
        Task::Setup(arguments) => setup::run(&arguments),
        Task::Model(arguments) => model::run(&arguments),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Layers => layers::run(),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Grid(arguments) => grid::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Release(arguments) => release::run(&arguments),
        Task::BuildCuda(arguments) => cuda::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", process::render(&error));
            ExitCode::FAILURE
        }
    }
}
