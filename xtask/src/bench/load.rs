//! lem's load generator and its peers against one server whose times are known: error, run time and processor time.
//!
//! The peers need Python 3 with `venv` and a package index; everything lands below the build folder, some gigabytes of it.

mod clients;
mod mock;

use anyhow::{Context, Result};
use clap::Args;

use crate::process;
use clients::{Client, Measured};
use mock::Mock;

/// The load of the comparison: what each request makes, how many there are, and how many run at once.
const TOKENS: u32 = 32;
const REQUESTS: u32 = 400;
const CONCURRENCY: u32 = 8;

/// The server's times in milliseconds.
const TTFT_MS: u32 = 20;
const ITL_MS: u32 = 5;

/// Streams at once in the test of size, and requests per second in that of punctuality.
const STREAMS: u32 = 2_000;
const RATE: u32 = 1_000;
const PUNCTUAL: u32 = 5_000;

/// Options of `bench load`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How often each client runs; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Leave the peers out, which have to be installed
    #[arg(long)]
    alone: bool,
}

/// Runs the clients in turns and prints a table; then lem alone with many streams, and with many starts per second.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    process::run(&mut process::cargo(["build", "--workspace", "--bins", "--release"]))?;
    let folder = process::target_folder().join("load-peers");
    let mut clients = vec![Client::Lem];
    if !arguments.alone {
        clients.extend([Client::Aiperf, Client::Guidellm]);
    }
    for client in &clients {
        client.install(&folder)?;
    }
    let mut measured: Vec<Vec<Measured>> = clients.iter().map(|_| Vec::new()).collect();
    for round in 0..arguments.rounds {
        for (client, measured) in clients.iter().zip(&mut measured) {
            let mock = Mock::start(TTFT_MS, ITL_MS)?;
            let one = client.measure(&folder, &mock).with_context(|| format!("{} failed in round {}", client.name(), round + 1))?;
            measured.push(one);
        }
    }
    let ideal = f64::from(REQUESTS / CONCURRENCY) * f64::from(TTFT_MS + ITL_MS * (TOKENS - 1)) / 1e3;
    println!(
        "{REQUESTS} requests of {TOKENS} tokens, {CONCURRENCY} at once; TTFT {TTFT_MS} ms, ITL {ITL_MS} ms; at best {ideal:.2} s.\n\
         Medians of {} runs.\n",
        arguments.rounds
    );
    println!("| client | completed | run | wall | client CPU | TTFT p50 | ITL p50 | server CPU |\n|---|---|---|---|---|---|---|---|");
    for (client, measured) in clients.iter().zip(&measured) {
        println!("{}", row(client.name(), measured));
    }
    let mock = Mock::start(TTFT_MS, ITL_MS)?;
    let many = clients::lem(&mock, STREAMS, TOKENS, &["--concurrency", &STREAMS.to_string()])?;
    println!("\n{STREAMS} streams at once: {} completed, {:.2} s of client CPU", many.completed, many.processor_s);
    let mock = Mock::start(1, 1)?;
    let rate = RATE.to_string();
    let punctual = clients::lem(&mock, PUNCTUAL, 1, &["--rate", &rate, "--arrival", "constant"])?;
    let delay = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |seconds| format!("{:.3} ms", seconds * 1e3));
    println!(
        "{RATE} starts per second, {PUNCTUAL} requests: {} completed, dispatch delay p50 {}, p99 {}",
        punctual.completed,
        delay(punctual.delay_p50_s),
        delay(punctual.delay_p99_s)
    );
    Ok(())
}

/// The medians of one client's runs.
fn row(name: &str, measured: &[Measured]) -> String {
    let of = |value: fn(&Measured) -> Option<f64>| median(measured.iter().filter_map(value).collect());
    let shown = |value: Option<f64>, factor: f64, digits: usize, unit: &str| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.digits$} {unit}", value * factor))
    };
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} |",
        shown(of(|one| Some(f64::from(one.completed))), 1.0, 0, "").trim(),
        shown(of(|one| one.run_s), 1.0, 2, "s"),
        shown(of(|one| Some(one.wall_s)), 1.0, 2, "s"),
        shown(of(|one| Some(one.processor_s)), 1.0, 2, "s"),
        shown(of(|one| one.ttft_p50_s), 1e3, 2, "ms"),
        shown(of(|one| one.itl_p50_s), 1e3, 2, "ms"),
        shown(of(|one| Some(one.server_s)), 1.0, 2, "s"),
    )
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_medians_and_says_what_a_client_does_not() {
        let one = |wall_s, ttft_p50_s| Measured {
            completed: 400,
            run_s: Some(8.8),
            wall_s,
            processor_s: 0.25,
            server_s: 0.5,
            ttft_p50_s,
            itl_p50_s: None,
            delay_p50_s: None,
            delay_p99_s: None,
        };
        let row = row("lem", &[one(9.0, Some(0.0201)), one(12.0, None), one(9.2, Some(0.0203))]);
        assert_eq!(row, "| lem | 400 | 8.80 s | 9.20 s | 0.25 s | 20.20 ms | - | 0.50 s |");
        assert_eq!((median(vec![]), median(vec![3.0, 1.0, 2.0])), (None, Some(2.0)));
    }
}
