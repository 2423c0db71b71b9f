//! Benchmarks, by name.

mod config;
mod engine;
mod load;
mod peers;
mod study;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};

use crate::process;
use crate::stopwatch::Stopwatch;

/// Runs that are thrown away first, so that the binary lies in the page cache.
const WARMUP_RUNS: usize = 3;
/// Runs that count.
const RUNS: usize = 20;

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// From starting `lem --help` to its end: what every command pays before it does anything
    Startup,
    /// Ten thousand configurations from one, and checking one, each from start to end of the program
    Config,
    /// A thousand cells of a study on the simulated machine: processor time, time and memory
    Study,
    /// Runs that are killed at random instants and gone on with, as the tests do, and more of them
    Kill {
        /// How many
        #[arg(long, default_value_t = 200)]
        kills: u32,
    },
    /// Processor time of the sampler over eight fake boards and a socket, beside a thread that only wakes
    Sampler {
        /// How often the two take turns
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..))]
        runs: u32,
        /// Length of each run in seconds
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
    },
    /// Tokens per second of lem's own engine, llama.cpp and transformers with the same weights, in rounds; builds and
    /// installs the others below the build folder
    Engine(engine::Arguments),
    /// Error, run time and processor time of lem, aiperf and guidellm as clients of one server whose times are known; then
    /// many streams at once, and many starts per second
    Load(load::Arguments),
    /// Error and processor time of lem, zeus and codecarbon on one fake board; installs the peers below the build folder
    Peers(peers::Arguments),
}

/// Runs one benchmark and prints its figure.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        Bench::Startup => startup(),
        Bench::Config => config::run(),
        Bench::Study => study::run(),
        Bench::Kill { kills } => kill(*kills),
        Bench::Sampler { runs, seconds } => sampler(*runs, *seconds),
        Bench::Engine(arguments) => engine::run(arguments),
        Bench::Load(arguments) => load::run(arguments),
        Bench::Peers(arguments) => peers::run(arguments),
    }
}

fn startup() -> Result<()> {
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;
    let mut times = Vec::with_capacity(RUNS);
    for run_idx in 0..WARMUP_RUNS + RUNS {
        let mut command = process::lem();
        command.arg("--help");
        let stopwatch = Stopwatch::start();
        let output = process::capture(&mut command)?;
        let time = stopwatch.elapsed();
        ensure!(output.status.success(), "`{}` failed: {}", process::shown(&command), output.status);
        if run_idx >= WARMUP_RUNS {
            times.push(time);
        }
    }
    println!("{}", describe("startup", &mut times));
    Ok(())
}

fn kill(kills: u32) -> Result<()> {
    let mut command = process::cargo(["nextest", "run", "--workspace", "--cargo-profile", "release", "--test", "it", "--no-capture"]);
    process::run(command.args(["-E", "test(/^kill::a_run_that_is_killed/)"]).env("LEM_KILLS", kills.to_string()))
}

fn sampler(runs: u32, seconds: u32) -> Result<()> {
    let mut command = process::cargo(["bench", "--package", "lem-energy", "--bench", "sampler", "--"]);
    process::run(command.args([runs.to_string(), seconds.to_string()]))
}

/// One line: median and range in milliseconds. Sorts `times`, which must not be empty.
fn describe(name: &str, times: &mut [Duration]) -> String {
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let middle = times.len() / 2;
    let median = if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2 };
    format!(
        "{name}: {:.2} ms (median of {} runs; {:.2} to {:.2} ms)",
        milliseconds(median),
        times.len(),
        milliseconds(times[0]),
        milliseconds(times[times.len() - 1])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(milliseconds: &[u64], expected: &str) {
        let mut times: Vec<_> = milliseconds.iter().copied().map(Duration::from_millis).collect();
        assert_eq!(describe("startup", &mut times), expected);
    }

    #[test]
    fn one_slow_run_does_not_move_the_median() {
        check(&[500, 4, 3], "startup: 4.00 ms (median of 3 runs; 3.00 to 500.00 ms)");
    }

    #[test]
    fn an_even_number_of_runs_takes_the_middle_of_the_middle_two() {
        check(&[8, 2, 4, 3], "startup: 3.50 ms (median of 4 runs; 2.00 to 8.00 ms)");
    }
}
