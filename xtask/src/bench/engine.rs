//! Speed of lem's own engine beside llama.cpp and transformers: same weights, same prompt ids, same threads and cores,
//! in rounds in which all take their turn.
//!
//! Needs a C++ compiler, Python 3 with `venv`, and a package index; everything lands below the build folder. A run goes
//! `place` (builds and fetches) → `driver` (one process per contestant) → `rounds` (measures) → `report` (prints), and
//! [`contestants`] says who meets whom.

mod checkpoints;
mod contestants;
mod driver;
mod machine;
mod place;
mod ratio;
mod report;
mod rounds;

use anyhow::Result;
use clap::Args;

use contestants::Format;
use place::Place;

/// Options of `bench engine`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rounds; every contestant is measured once in each
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(i64::from(ratio::FEWEST_ROUNDS)..))]
    rounds: u32,
    /// Threads of every contestant, and cores that all of them are held to
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Weights to compare; the Gemma checkpoint is not free and only fetched when named here
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Format::FREE)]
    formats: Vec<Format>,
    /// Do not measure transformers, which takes most of a round; the bf16 checkpoint is still made with it
    #[arg(long)]
    without_transformers: bool,
}

/// Measures, keeps every round in a file, and prints the comparison as Markdown.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let contestants = contestants::of(&arguments.formats, !arguments.without_transformers);
    let place = Place::prepare(&contestants, arguments.threads)?;
    let machine = machine::describe(arguments.threads)?;
    let results = rounds::run(&place, &contestants, machine, arguments.rounds)?;
    print!("{}", report::markdown(&results));
    eprintln!("every round: {}", place.rounds().display());
    Ok(())
}
