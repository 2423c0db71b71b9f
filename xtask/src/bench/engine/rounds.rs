//! All contestants by turns, round after round.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::contestants::{Contestant, SHAPES, Shape};
use super::driver::{Driver, Facts, Times};
use super::machine::{self, Machine};
use super::place::Place;
use crate::stopwatch::Stopwatch;

/// Threads of the one before may spin for a while before they sleep.
const PAUSE: Duration = Duration::from_millis(200);

/// A whole run.
#[derive(Serialize)]
pub(super) struct Results {
    pub(super) machine: Machine,
    pub(super) instructions: Instructions,
    pub(super) entrants: Vec<Entrant>,
    pub(super) rounds: Vec<Round>,
}

/// What the peaks of arithmetic were measured with, where there is something.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Instructions {
    pub(super) f32: Option<String>,
    pub(super) bf16: Option<String>,
    pub(super) int8: Option<String>,
}

/// A contestant and what it said of itself, or why it does not run.
#[derive(Serialize)]
pub(super) struct Entrant {
    #[serde(serialize_with = "name")]
    pub(super) contestant: Contestant,
    #[serde(flatten)]
    pub(super) state: State,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ready(Facts),
    CannotRun(String),
}

/// Every contestant once.
#[derive(Serialize)]
pub(super) struct Round {
    /// As the round began: 1, 5 and 15 minutes.
    pub(super) load_average: [f64; 3],
    /// Share of the round in which some task had to wait for a processor, where the kernel tells.
    pub(super) waited_share: Option<f64>,
    pub(super) peaks: Peaks,
    /// By name of the contestant, in the order of [`SHAPES`].
    pub(super) times: BTreeMap<String, [Times; 2]>,
}

/// What the processor can do at most, all threads together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Peaks {
    pub(super) read_bytes_per_s: f64,
    pub(super) f32_multiply_adds_per_s: Option<f64>,
    pub(super) bf16_multiply_adds_per_s: Option<f64>,
    pub(super) int8_multiply_adds_per_s: Option<f64>,
}

/// Starts everyone, warms them up, and runs the rounds. What is measured is written to a file after each round, so an end
/// before the last one loses nothing.
pub(super) fn run(place: &Place, contestants: &[Contestant], machine: Machine, n_rounds: u32) -> Result<Results> {
    let logs = place.folder();
    let (mut peaks, instructions) = Driver::start("peaks".to_owned(), place.peaks(), logs)?;
    let (mut drivers, mut entrants) = (Vec::new(), Vec::new());
    for &contestant in contestants {
        let state = match start(place, contestant) {
            Ok((driver, facts)) => {
                drivers.push((contestant.name(), driver));
                State::Ready(facts)
            }
            Err(error) => State::CannotRun(format!("{error:#}")),
        };
        entrants.push(Entrant { contestant, state });
    }
    ensure!(!drivers.is_empty(), "no contestant can run; the logs lie in {}", logs.display());
    let mut results = Results { machine, instructions, entrants, rounds: Vec::new() };
    for round_idx in 0..n_rounds {
        let round = measure(&mut peaks, &mut drivers)?;
        eprintln!("round {} of {n_rounds}: load average {:.2}", round_idx + 1, round.load_average[0]);
        results.rounds.push(round);
        save(&results, &place.rounds())?;
        // The next round goes the other way, so that no one always follows the same.
        drivers.reverse();
    }
    Ok(results)
}

/// Starts a contestant and lets it run every shape once: memory comes, caches fill.
fn start(place: &Place, contestant: Contestant) -> Result<(Driver, Facts)> {
    let name = contestant.name();
    eprintln!("loading {name}");
    let (mut driver, facts) = Driver::start(name, place.command(contestant), place.folder())?;
    for shape in SHAPES {
        ask(&mut driver, shape)?;
    }
    Ok((driver, facts))
}

fn measure(peaks: &mut Driver, drivers: &mut [(String, Driver)]) -> Result<Round> {
    let load_average = machine::load_average()?;
    let (waited, stopwatch) = (machine::waited(), Stopwatch::start());
    thread::sleep(PAUSE);
    let peaks = peaks.ask("")?;
    let mut times = BTreeMap::new();
    for (name, driver) in drivers {
        let [first, second] = SHAPES.map(|shape| {
            thread::sleep(PAUSE);
            ask(driver, shape)
        });
        times.insert(name.clone(), [first?, second?]);
    }
    let waited = machine::waited().zip(waited).map(|(after, before)| after.saturating_sub(before));
    let waited_share = waited.map(|waited| waited.as_secs_f64() / stopwatch.elapsed().as_secs_f64());
    Ok(Round { load_average, waited_share, peaks, times })
}

fn ask(driver: &mut Driver, Shape { batch, prompt, steps }: Shape) -> Result<Times> {
    driver.ask(&format!("{batch} {prompt} {steps}"))
}

fn save(results: &Results, path: &Path) -> Result<()> {
    let json = serde_json::to_vec_pretty(results)?;
    fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))
}

fn name<S: serde::Serializer>(contestant: &Contestant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&contestant.name())
}
