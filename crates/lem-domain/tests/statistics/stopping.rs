//! Whether the interval that is reported when a target ends a run holds the truth.

use crate::noise::{Noise, RUNS, percent, share};
use lem_domain::statistics::{ConfidenceSequence, FIRST_LOOK, Interval, Random, Stop, mean, standard_deviation, student_t_quantile};
use std::fmt::Write;

/// How often the interval may miss.
const MISSES: f64 = 0.065;

/// Most repetitions of a run.
const CAP: usize = 300;

const SEQUENCE: ConfidenceSequence = ConfidenceSequence { confidence: 0.95 };

const CELLS: [(Noise, f64); 5] = [
    (Noise::Normal(0.005), 0.01),
    (Noise::Normal(0.02), 0.01),
    (Noise::Normal(0.05), 0.01),
    (Noise::LogNormal(0.1), 0.03),
    (Noise::LogNormal(0.3), 0.1),
];

struct Ended {
    n: usize,
    misses: bool,
    by_target: bool,
}

/// The truth of the mean of logarithms, which is what repetitions of equal weight tell.
fn truth(noise: Noise) -> f64 {
    match noise {
        Noise::LogNormal(deviation) => -0.5 * deviation * deviation,
        Noise::Normal(deviation) | Noise::FirstOrder(deviation, _) => -0.5 * deviation * deviation,
    }
}

fn until(noise: Noise, seed: u64, look: impl Fn(&[f64]) -> Option<Interval>) -> Ended {
    let mut random = Random::new(seed);
    let logarithms: Vec<f64> = noise.factors(CAP, &mut random).into_iter().map(f64::ln).collect();
    for n in FIRST_LOOK..=CAP {
        if let Some(interval) = look(&logarithms[..n]) {
            return Ended { n, misses: !interval.contains(truth(noise)), by_target: true };
        }
    }
    let interval = SEQUENCE.interval(&logarithms).expect("many repetitions");
    Ended { n: CAP, misses: !interval.contains(truth(noise)), by_target: false }
}

fn sequence(target: f64) -> impl Fn(&[f64]) -> Option<Interval> {
    move |logarithms| match SEQUENCE.look(logarithms, target) {
        Stop::Reached(interval) => Some(interval),
        Stop::GoOn => None,
    }
}

/// Student's interval, looked at after every repetition as if it had been the only look.
fn naive(target: f64) -> impl Fn(&[f64]) -> Option<Interval> {
    move |logarithms| {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred repetitions")]
        let n = logarithms.len() as f64;
        let half = student_t_quantile(0.975, n - 1.0) * standard_deviation(logarithms)? / n.sqrt();
        let mean = mean(logarithms)?;
        (half <= target.ln_1p()).then_some(Interval { low: mean - half, high: mean + half })
    }
}

struct Cell {
    misses: f64,
    row: String,
}

fn cell(noise: Noise, target: f64) -> Cell {
    let runs: Vec<Ended> = (0..RUNS as u64).map(|seed| until(noise, 104_729 * seed + 5, sequence(target))).collect();
    let naive: Vec<Ended> = (0..RUNS as u64).map(|seed| until(noise, 104_729 * seed + 5, naive(target))).collect();
    let missed = |runs: &[Ended]| share(runs.iter().filter(|run| run.misses).count(), RUNS);
    let mut lengths: Vec<usize> = runs.iter().map(|run| run.n).collect();
    lengths.sort_unstable();
    let by_target = share(runs.iter().filter(|run| run.by_target).count(), RUNS);
    let misses = missed(&runs);
    let row = format!(
        "| {} | {} | {} | {} | {} | {} |",
        noise.name(),
        percent(target),
        percent(misses),
        lengths[RUNS / 2],
        percent(by_target),
        percent(missed(&naive))
    );
    Cell { misses, row }
}

pub(crate) fn table() -> String {
    let mut table =
        "| noise | target | misses the truth | median cycles | ended by the target | Student's t, looked at every time, misses |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (noise, target) in CELLS {
        let _ = writeln!(table, "{}", cell(noise, target).row);
    }
    table
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn the_interval_at_the_stop_holds_the_truth() {
    for (noise, target) in CELLS {
        let cell = cell(noise, target);
        assert!(cell.misses <= MISSES, "{}", cell.row);
    }
}
