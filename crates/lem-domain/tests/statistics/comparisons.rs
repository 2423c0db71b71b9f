//! How often a comparison says better or worse, with and without a difference, while the machine warms up.

use crate::noise::{Noise, RUNS, percent, share};
use lem_domain::statistics::{Arm, Comparison, Margin, Observation, Random, Verdict, compare, judge};
use std::fmt::Write;

/// What may be called better or worse when nothing differs.
const FALSE_ALARMS: f64 = 0.065;

const MARGIN: Margin = Margin(0.01);

/// Repetitions of each.
const EACH: usize = 6;

#[derive(Clone, Copy, PartialEq)]
enum Plan {
    /// All of A, then all of B, drift not looked at.
    Naive,
    /// The same, as `lem` judges it.
    Separate,
    /// Blocks of ABBA and BAAB, drawn.
    Interleaved,
}

impl Plan {
    const ALL: [Self; 3] = [Self::Naive, Self::Separate, Self::Interleaved];

    fn name(self) -> &'static str {
        match self {
            Self::Naive => "all A, then all B; Welch's t alone",
            Self::Separate => "all A, then all B; as `lem` judges it",
            Self::Interleaved => "blocks of ABBA or BAAB",
        }
    }

    fn order(self, random: &mut Random) -> Vec<Arm> {
        match self {
            Self::Naive | Self::Separate => [[Arm::A; EACH], [Arm::B; EACH]].concat(),
            Self::Interleaved => {
                let block = |random: &mut Random| match random.below(2) {
                    0 => [Arm::A, Arm::B, Arm::B, Arm::A],
                    _ => [Arm::B, Arm::A, Arm::A, Arm::B],
                };
                (0..EACH / 2).flat_map(|_| block(random)).collect()
            }
        }
    }
}

/// What the machine does to all repetitions.
#[derive(Clone, Copy)]
enum Drift {
    None,
    /// Power rises by this share as the machine warms up, 1 − 1/e of it within eight repetitions.
    Warming(f64),
    /// By this share from each repetition to the next, either way.
    Wandering(f64),
}

impl Drift {
    fn name(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Warming(share) => format!("warming up by {} %", 100.0 * share),
            Self::Wandering(share) => format!("a random walk, {} % a step", 100.0 * share),
        }
    }

    fn path(self, random: &mut Random) -> impl FnMut() -> f64 {
        let (mut place, mut walk) = (0.0_f64, 0.0);
        let mut steps = random.clone();
        move || {
            let now = match self {
                Self::None => 0.0,
                Self::Warming(share) => share * (1.0 - (-place / 8.0).exp()),
                Self::Wandering(share) => {
                    walk += share * steps.normal();
                    walk
                }
            };
            place += 1.0;
            now
        }
    }
}

const NOISE: Noise = Noise::Normal(0.005);
const DRIFTS: [Drift; 4] = [Drift::None, Drift::Warming(0.03), Drift::Warming(0.06), Drift::Wandering(0.005)];
const EFFECTS: [f64; 2] = [0.0, 0.02];

fn run(plan: Plan, drift: Drift, effect: f64, seed: u64) -> Verdict {
    let mut random = Random::new(seed);
    let order = plan.order(&mut random);
    let noise = NOISE.factors(order.len(), &mut random);
    let mut path = drift.path(&mut random);
    let observe = |(&arm, factor): (&Arm, f64)| {
        let of_arm = if arm == Arm::B { effect } else { 0.0 };
        Observation { arm, logarithm: (factor * (1.0 + path()) * (1.0 + of_arm)).ln(), temperature: None }
    };
    let observations: Vec<Observation> = order.iter().zip(noise).map(observe).collect();
    let comparison = compare(&observations).expect("six of each");
    let comparison = if plan == Plan::Naive { Comparison { systematic: 0.0, ..comparison } } else { comparison };
    judge(&[comparison], MARGIN, 0.95)[0].0
}

fn verdicts(plan: Plan, drift: Drift, effect: f64) -> [f64; 4] {
    let runs: Vec<Verdict> = (0..RUNS as u64).map(|seed| run(plan, drift, effect, 7_919 * seed + 1)).collect();
    [Verdict::Better, Verdict::Same, Verdict::Ambiguous, Verdict::Worse]
        .map(|verdict| share(runs.iter().filter(|&&found| found == verdict).count(), RUNS))
}

pub(crate) fn table() -> String {
    let mut table = "| drift | B takes | order | better | same | ambiguous | worse |\n|---|---|---|---|---|---|---|\n".to_owned();
    for drift in DRIFTS {
        for effect in EFFECTS {
            for plan in Plan::ALL {
                let takes = if effect == 0.0 { "the same".to_owned() } else { format!("{} % more", 100.0 * effect) };
                let verdicts = verdicts(plan, drift, effect).map(percent).join(" | ");
                let _ = writeln!(table, "| {} | {takes} | {} | {verdicts} |", drift.name(), plan.name());
            }
        }
    }
    table
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn nothing_is_called_better_or_worse_when_nothing_differs() {
    for drift in DRIFTS {
        for plan in [Plan::Separate, Plan::Interleaved] {
            let [better, _, _, worse] = verdicts(plan, drift, 0.0);
            assert!(better + worse <= FALSE_ALARMS, "{}, {}: {better} better, {worse} worse", drift.name(), plan.name());
        }
    }
    let [better, _, _, worse] = verdicts(Plan::Naive, Drift::Warming(0.03), 0.0);
    assert!(better + worse > 0.5, "the drift must fool those who do not interleave: {better} better, {worse} worse");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn a_difference_is_found_through_the_drift() {
    for drift in [Drift::None, Drift::Warming(0.03), Drift::Warming(0.06)] {
        let [better, _, _, worse] = verdicts(Plan::Interleaved, drift, 0.02);
        assert!(worse > 0.99 && better == 0.0, "{}: {worse}", drift.name());
    }
}
