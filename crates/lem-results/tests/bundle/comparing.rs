//! Verdicts on stored bundles: which repetitions count, in which order they ran, and what cannot be compared.

use crate::support::{Scene, id, run, save, save_cycles};
use lem_domain::record::RunRecord;
use lem_domain::statistics::Verdict;
use lem_results::comparison::{ComparisonSettings, Repetitions, compare_arms, side_by_side};
use lem_results::record::document::{ComparisonRecord, SummaryRecord};

/// A run that takes this many times the energy.
fn taking(factor: f64) -> RunRecord {
    let mut run = run();
    for sample in &mut run.host.meter.samples {
        match sample.sensor.0 {
            0 => sample.value = 1e6 + factor * (sample.value - 1e6),
            1 => sample.value *= factor,
            _ => {}
        }
    }
    run
}

/// The scatter of repetitions, which no seed decides.
const SCATTER: [f64; 6] = [1.0, 1.002, 0.999, 1.001, 0.998, 1.0];

fn stored(scene: &Scene, name: &str, cycles: &[RunRecord]) -> SummaryRecord {
    save_cycles(&scene.results, &id(name), cycles);
    scene.results.aggregate(&id(name)).unwrap()
}

fn compared(a: &[SummaryRecord], b: &[SummaryRecord]) -> ComparisonRecord {
    compare_arms(&Repetitions::of(a), &Repetitions::of(b), ComparisonSettings::default())
}

/// A result of six cycles.
fn of_cycles(scene: &Scene, name: &str, factor: f64) -> SummaryRecord {
    stored(scene, name, &SCATTER.map(|scatter| taking(factor * scatter)))
}

#[test]
fn cycles_are_the_repetitions_of_a_result() {
    let scene = Scene::empty();
    let (a, same, more) = (of_cycles(&scene, "a", 1.0), of_cycles(&scene, "b", 1.001), of_cycles(&scene, "c", 1.1));
    let found = compared(std::slice::from_ref(&a), std::slice::from_ref(&more));
    let effect = found.effect.unwrap();
    assert_eq!((found.verdict, found.a.repetitions, effect.design.as_str()), (Verdict::Worse, 6, "separate"));
    assert!((effect.ratio - 1.1).abs() < 2e-3 && effect.ratio_interval.low > 1.05, "{effect:?}");
    assert!(found.reason.is_some_and(|reason| reason.contains("one after the other")));
    assert_eq!(compared(std::slice::from_ref(&a), std::slice::from_ref(&same)).verdict, Verdict::Same);
    assert_eq!(compared(std::slice::from_ref(&more), std::slice::from_ref(&a)).verdict, Verdict::Better);
}

#[test]
fn results_that_took_turns_are_compared_within_blocks_whatever_drifts() {
    let scene = Scene::empty();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (index, arm) in "ABBAABBAABBA".chars().enumerate() {
        let place = f64::from(u32::try_from(index).unwrap());
        let drift = 1.0 + 0.01 * place + 1e-4 * f64::from(u32::try_from(index * 7 % 5).unwrap());
        let summary = stored(&scene, &format!("run-{index:02}"), &[taking(drift * if arm == 'B' { 1.03 } else { 1.0 })]);
        if arm == 'A' { a.push(summary) } else { b.push(summary) }
    }
    let found = compared(&a, &b);
    let effect = found.effect.unwrap();
    assert_eq!((found.verdict, effect.design.as_str(), effect.blocks), (Verdict::Worse, "interleaved", Some(3)));
    assert!((effect.ratio - 1.03).abs() < 5e-3, "{effect:?}");
    assert_eq!(found.reason, None);
}

#[test]
fn one_repetition_has_no_spread_and_other_sensors_have_other_gains() {
    let scene = Scene::empty();
    let one = stored(&scene, "one", &[taking(1.0)]);
    let six = of_cycles(&scene, "six", 1.2);
    let found = compared(std::slice::from_ref(&one), std::slice::from_ref(&six));
    assert_eq!((found.verdict, found.effect), (Verdict::Ambiguous, None));
    assert!(found.reason.is_some_and(|reason| reason.contains("at least two")));

    let a = of_cycles(&scene, "a", 1.0);
    let mut other = SCATTER.map(|scatter| taking(1.03 * scatter));
    for run in &mut other {
        run.host.meter.sensors.iter_mut().for_each(|sensor| sensor.device = lem_domain::DeviceId::new("GPU-1111"));
    }
    // Two boards whose gains are each known to ±5 % do not tell 3 %.
    let found = compared(&[a], &[stored(&scene, "elsewhere", &other)]);
    assert_eq!(found.verdict, Verdict::Ambiguous);
    assert!(found.effect.unwrap().systematic_half_width > 0.05);
}

#[test]
fn energies_of_different_boundaries_are_not_compared() {
    let scene = Scene::empty();
    let a = of_cycles(&scene, "a", 1.0);
    let mut processor = SCATTER.map(taking);
    for run in &mut processor {
        run.processes.iter_mut().for_each(|process| process.engine.device = "cpu".into());
    }
    let found = compared(&[a], &[stored(&scene, "b", &processor)]);
    assert_eq!((found.verdict, found.effect), (Verdict::Ambiguous, None));
    assert!(found.reason.is_some_and(|reason| reason.contains("gpu_board") && reason.contains("cpu_package")));
}

#[test]
fn results_side_by_side_are_a_family() {
    let scene = Scene::empty();
    let summaries = [of_cycles(&scene, "a", 1.0), of_cycles(&scene, "b", 1.0), of_cycles(&scene, "c", 1.2)];
    let found = side_by_side(&summaries, ComparisonSettings::default());
    assert_eq!((found.sides.len(), found.comparisons.len()), (3, 2));
    assert!(found.comparisons.iter().all(|comparison| comparison.family == 2));
    assert_eq!(found.comparisons.iter().map(|comparison| comparison.verdict).collect::<Vec<_>>(), [Verdict::Same, Verdict::Worse]);
    assert!(found.sides[0].energy_per_output_token_interval.is_some());
}

#[test]
fn a_result_without_figures_of_energy_says_why() {
    let scene = Scene::empty();
    let mut blind = run();
    blind.host.meter.samples.clear();
    save(&scene.results, &id("blind"), &blind);
    let blind = scene.results.aggregate(&id("blind")).unwrap();
    let found = compared(&[of_cycles(&scene, "a", 1.0)], &[blind]);
    assert!(found.effect.is_none() && found.reason.is_some_and(|reason| reason.starts_with("B has no energy per output token")));
}
