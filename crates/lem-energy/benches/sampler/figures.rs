//! Means over runs, and the table of them.

use crate::reads;
use crate::thread_time::Share;
use lem_domain::sensor::SensorRecord;
use std::fmt;

/// Mean of runs and its standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    standard_error: f64,
}

impl Spread {
    pub(crate) fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let n = f64::from(u32::try_from(values.clone().count()).expect("few runs"));
        let mean = values.clone().sum::<f64>() / n;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        Self { mean, standard_error: (variance / n).sqrt() }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3} ± {:.3}", self.mean, self.standard_error)
    }
}

/// The bare loop, the sampler, the sampler over the bare loop pair by pair, because a pair met the same machine, and what
/// of it lay within the calls that read.
pub(crate) fn processor_table(bare: &[Share], sampler: &[Share], records: &[SensorRecord]) -> String {
    let mut table = "| | getrusage | thread clock | wake-ups a second |\n|---|---|---|---|\n".to_owned();
    for (name, runs) in [("only waking", bare), ("sampler", sampler)] {
        let of = |figure: fn(&Share) -> f64| Spread::of(runs.iter().map(figure));
        let wakes = of(|share| share.wakes_per_second).mean;
        table += &format!("| {name} | {} | {} | {wakes:.1} |\n", of(|share| share.rusage), of(|share| share.clock));
    }
    let pairs = || bare.iter().zip(sampler);
    let difference = |figure: fn(&Share) -> f64| Spread::of(pairs().map(move |(bare, sampler)| figure(sampler) - figure(bare)));
    let ratio = |figure: fn(&Share) -> f64| Spread::of(pairs().map(move |(bare, sampler)| figure(sampler) / figure(bare)));
    table += &format!("| difference | {} | {} | |\n", difference(|share| share.rusage), difference(|share| share.clock));
    table += &format!("| ratio | {} | {} | |\n", ratio(|share| share.rusage), ratio(|share| share.clock));
    table += &format!("| of the sampler's, within the reads | | {} | |\n", Spread::of(records.iter().map(reads::percent)));
    table
}
