//! Experiments of several cycles: what counts as complete, and going on where one stopped.

use crate::support::{Scene, id, later, process, run, save_cycle, save_cycles};
use lem_domain::protocol::{RecordedCycle, ResultsRepository};
use lem_domain::token::FinishReason;
use lem_results::ResultsError;

fn whole(index: u32) -> RecordedCycle {
    RecordedCycle { index, is_whole: true }
}

#[test]
fn figures_are_over_all_cycles_and_each_stands_by_itself() {
    let (scene, id) = (Scene::empty(), id("run"));
    save_cycles(&scene.results, &id, &[run(), later()]);
    scene.results.seal(&id).unwrap();
    let summary = scene.results.aggregate(&id).unwrap();
    let [first, second] = &summary.cycles[..] else { panic!("{:?}", summary.cycles) };
    assert!(first.is_whole && second.is_whole);
    assert_eq!(summary.tokens.output, first.tokens.output + second.tokens.output);
    assert_eq!(summary.window_s, first.window_s.zip(second.window_s).map(|(a, b)| a + b));
    let joules = |energy: &lem_results::record::document::QuantityRecord| energy.value.unwrap();
    assert!((joules(&summary.energy.total) - joules(&first.energy) - joules(&second.energy)).abs() < 1e-9);
    let per_token = joules(&summary.energy.total) / 128.0;
    assert!((joules(&summary.energy.per_output_token) - per_token).abs() < 1e-12, "a ratio of sums");
    assert_eq!(summary.latency.ttft_s.map(|ttft| ttft.count), Some(8));
    assert_eq!(summary.idle.iter().filter(|idle| idle.state == lem_domain::idle::IdleState::DriverOnly && !idle.kept).count(), 3);
    let uncertainty = summary.energy.total.uncertainty.as_ref().unwrap();
    let of_first = first.energy.uncertainty.as_ref().unwrap();
    assert!((uncertainty.systematic - 2.0 * of_first.systematic).abs() < 1e-9, "the gain of a sensor does not average out");
    assert!((uncertainty.random - std::f64::consts::SQRT_2 * of_first.random).abs() < 1e-9);
    let manifest = scene.results.manifest(&id).unwrap().files.unwrap();
    assert!(manifest.contains_key("raw/cycle_1/host.json") && manifest.contains_key("raw/cycle_1/process_1.events.parquet"));
}

#[test]
fn a_cycle_that_was_being_recorded_does_not_count() {
    let (scene, id) = (Scene::empty(), id("run"));
    save_cycles(&scene.results, &id, &[run(), later()]);
    scene.results.save_process(&id, 2, &process(0)).unwrap();
    assert_eq!(scene.results.recorded_cycles(&id).unwrap(), [whole(0), whole(1)]);
    assert_eq!(scene.results.load_record(&id).unwrap().cycles.len(), 2);
    assert_eq!(scene.results.aggregate(&id).unwrap().cycles.len(), 2);
}

#[test]
fn a_cycle_that_was_cut_short_is_told_from_a_whole_one() {
    let check = |spoil: fn(&mut lem_domain::record::RunRecord)| {
        let (scene, id) = (Scene::empty(), id("run"));
        let mut cut = later();
        spoil(&mut cut);
        save_cycles(&scene.results, &id, &[run(), cut]);
        assert_eq!(scene.results.recorded_cycles(&id).unwrap(), [whole(0), RecordedCycle { index: 1, is_whole: false }]);
    };
    check(|cycle| cycle.processes[1].requests[1].finish = Some(FinishReason::Interrupted));
    check(|cycle| cycle.processes[0].requests[0].finish = None);
    check(|cycle| cycle.processes[1].window = None);
    check(|cycle| cycle.processes.truncate(1));
}

#[test]
fn a_bundle_that_is_opened_again_keeps_its_earlier_cycles_and_nothing_else() {
    let (scene, id) = (Scene::empty(), id("run"));
    save_cycles(&scene.results, &id, &[run(), later(), later()]);
    scene.results.seal(&id).unwrap();
    scene.results.aggregate(&id).unwrap();
    scene.results.reopen(&id, 1).unwrap();
    assert_eq!(scene.results.recorded_cycles(&id).unwrap(), [whole(0)]);
    assert_eq!(scene.results.summary(&id).unwrap(), None);
    assert_eq!(scene.results.manifest(&id).unwrap().files, None);

    for cycle in 1..3 {
        save_cycle(&scene.results, &id, cycle, &later());
    }
    scene.results.seal(&id).unwrap();
    assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run(), later(), later()]);
}

#[test]
fn a_lost_cycle_is_named() {
    let (scene, id) = (Scene::empty(), id("run"));
    save_cycles(&scene.results, &id, &[run(), later(), later()]);
    std::fs::remove_dir_all(scene.path(&id, "raw/cycle_1")).unwrap();
    assert!(matches!(scene.results.aggregate(&id), Err(ResultsError::MissingRaw { path }) if path.ends_with("raw/cycle_1")));
}
