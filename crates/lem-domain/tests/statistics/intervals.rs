//! How often the interval of joules per token holds the truth.

use crate::noise::{Noise, RUNS, percent, share};
use lem_domain::statistics::{Random, RatioInterval, Unit, ratio_interval};
use std::fmt::Write;

/// Joules per token.
const TRUTH: f64 = 0.05;

/// What must be reached.
const COVERAGE: f64 = 0.93;

const FEW_AND_MANY: &[usize] = &[2, 3, 5, 10, 20, 50];
const DEPENDENT: &[usize] = &[20, 50, 200];

const CELLS: [(Noise, &[usize]); 5] = [
    (Noise::Normal(0.03), FEW_AND_MANY),
    (Noise::LogNormal(0.1), FEW_AND_MANY),
    (Noise::LogNormal(0.3), FEW_AND_MANY),
    (Noise::FirstOrder(0.03, 0.3), DEPENDENT),
    (Noise::FirstOrder(0.03, 0.5), DEPENDENT),
];

/// Units whose tokens differ by a tenth and whose energy follows them.
fn run(noise: Noise, n: usize, seed: u64) -> RatioInterval {
    let mut random = Random::new(seed);
    let factors = noise.factors(n, &mut random);
    let unit = |factor: f64| {
        let tokens = 1_000.0 * (1.0 + 0.1 * random.normal());
        Unit { numerator: TRUTH * tokens * factor, denominator: tokens }
    };
    let units: Vec<Unit> = factors.into_iter().map(unit).collect();
    ratio_interval(&units, 0.95, seed).expect("units have energy and tokens")
}

struct Cell {
    coverage: f64,
    row: String,
}

fn cell(noise: Noise, n: usize) -> Cell {
    let runs: Vec<RatioInterval> = (0..RUNS as u64).map(|seed| run(noise, n, 1_000_003 * seed + n as u64)).collect();
    let coverage = share(runs.iter().filter(|run| run.interval.contains(TRUTH)).count(), RUNS);
    let mut widths: Vec<f64> = runs.iter().map(|run| run.interval.half_width() / TRUTH).collect();
    let mut errors: Vec<f64> = runs.iter().map(|run| (run.ratio / TRUTH - 1.0).abs()).collect();
    widths.sort_by(f64::total_cmp);
    errors.sort_by(f64::total_cmp);
    // The half-width that one interval for all runs would need: the error that 95 % of them stay within.
    let needed = errors[RUNS * 95 / 100];
    let row = format!(
        "| {} | {n} | {} | {} | {} | {} |",
        noise.name(),
        runs[0].method.as_str(),
        percent(coverage),
        percent(widths[RUNS / 2]),
        percent(needed)
    );
    Cell { coverage, row }
}

pub(crate) fn table() -> String {
    let mut table = "| noise | units | method | holds the truth | median half-width | needed |\n|---|---|---|---|---|---|\n".to_owned();
    for (noise, counts) in CELLS {
        for &n in counts {
            let _ = writeln!(table, "{}", cell(noise, n).row);
        }
    }
    table
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn intervals_hold_the_truth_as_often_as_they_say() {
    for (noise, counts) in CELLS {
        for &n in counts {
            let cell = cell(noise, n);
            assert!(cell.coverage >= COVERAGE, "{}", cell.row);
        }
    }
}
