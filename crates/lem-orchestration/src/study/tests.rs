use super::*;
use lem_domain::protocol::RunOwner;
use lem_domain::study::CycleOrder;
use lem_domain::world::VirtualClock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, CellState>>);

impl StudyStore for Memory {
    fn load_cell(&self, cell: &str) -> Result<CellState, SeamError> {
        Ok(self.0.lock().expect("one thread").get(cell).cloned().unwrap_or_default())
    }

    fn save_cell(&self, cell: &str, state: &CellState) -> Result<(), SeamError> {
        self.0.lock().expect("one thread").insert(cell.to_owned(), state.clone());
        Ok(())
    }
}

/// Cells whose name begins with `bad` fail; each turn takes a minute.
struct Runner<'a> {
    clock: &'a VirtualClock,
    cycles: u32,
    turns: Vec<(String, u32, bool)>,
    stop_at: Option<(usize, Interrupt)>,
}

impl CellRunner for Runner<'_> {
    fn run(&mut self, cell: &StudyCell, experiment: Option<&ExperimentId>, until: u32) -> Turn {
        self.turns.push((cell.name.clone(), until, experiment.is_some()));
        self.clock.sleep_until(self.clock.now().after(Duration::from_secs(60)));
        let stops = self.stop_at.as_ref().filter(|(turn, _)| self.turns.len() == *turn);
        let end = match stops {
            Some((_, interrupt)) => {
                interrupt.raise();
                TurnEnd::Interrupted
            }
            None if cell.name.starts_with("bad") => TurnEnd::Failed("poisoned".into()),
            None if until == self.cycles => TurnEnd::Completed,
            None => TurnEnd::Recorded,
        };
        Turn { end, experiment: Some(cell.name.parse().expect("an id")) }
    }

    fn turned(&mut self, _cell: &StudyCell, _state: &CellState, _left: usize) {}
}

struct Scene {
    store: Memory,
    clock: VirtualClock,
    plan: StudyPlan,
}

impl Scene {
    fn new(names: &[&str], cycles: u32, order: CycleOrder) -> Self {
        let cells = names.iter().map(|name| StudyCell { name: (*name).to_owned(), left_out: None }).collect();
        let plan = StudyPlan { name: "s".into(), cells, cycles, order, seed: 1, stop_after_failures: None, time_limit: None };
        Self { store: Memory::default(), clock: VirtualClock::new(), plan }
    }

    fn run(&self, stop_at: Option<usize>) -> (Option<Stopped>, Vec<(String, u32, bool)>) {
        let interrupt = Interrupt::new();
        let stop_at = stop_at.map(|turn| (turn, interrupt.clone()));
        let mut runner = Runner { clock: &self.clock, cycles: self.plan.cycles, turns: Vec::new(), stop_at };
        let tools = StudyTools { store: &self.store, clock: &self.clock, interrupt: &interrupt, takes_over: false };
        let cells: Vec<&StudyCell> = self.plan.cells.iter().collect();
        (run_study(&self.plan, &cells, &mut runner, &tools).expect("in memory"), runner.turns)
    }

    fn status(&self, cell: &str) -> CellStatus {
        self.store.load_cell(cell).expect("in memory").status
    }
}

#[test]
fn a_cell_that_fails_fails_alone_and_is_not_visited_again() {
    let scene = Scene::new(&["a", "bad", "c"], 2, CycleOrder::Interleaved);
    let (stopped, turns) = scene.run(None);
    assert_eq!(stopped, None);
    let turns: Vec<_> = turns.iter().map(|(name, until, goes_on)| (name.as_str(), *until, *goes_on)).collect();
    assert_eq!(turns, [("a", 1, false), ("bad", 1, false), ("c", 1, false), ("a", 2, true), ("c", 2, true)]);
    assert_eq!(["a", "bad", "c"].map(|cell| scene.status(cell)), [CellStatus::Completed, CellStatus::Failed, CellStatus::Completed]);
    assert!(scene.run(None).1.is_empty(), "there is nothing left to do");

    let failed = scene.store.load_cell("bad").expect("in memory");
    assert_eq!((failed.failures, failed.reason.as_deref()), (1, Some("poisoned")));
    scene.store.save_cell("bad", &retried(failed)).expect("in memory");
    assert_eq!(scene.run(None).1, [("bad".to_owned(), 1, true)]);
}

#[test]
fn a_study_that_was_stopped_goes_on_with_the_turn_that_was_cut() {
    let scene = Scene::new(&["a", "b"], 2, CycleOrder::Interleaved);
    let (stopped, turns) = scene.run(Some(3));
    assert_eq!((stopped, turns.len()), (Some(Stopped::Interrupted), 3));
    let turns: Vec<_> = scene.run(None).1.into_iter().map(|(name, until, _)| (name, until)).collect();
    assert_eq!(turns, [("a".to_owned(), 2), ("b".to_owned(), 2)]);
}

#[test]
fn failures_in_a_row_and_the_time_limit_stop_it() {
    let mut scene = Scene::new(&["bad1", "bad2", "a", "bad3", "bad4", "b"], 1, CycleOrder::Sequential);
    scene.plan.stop_after_failures = Some(2);
    assert_eq!(scene.run(None).0, Some(Stopped::Failures(2)));
    scene.plan.stop_after_failures = Some(3);
    assert_eq!(scene.run(None).0, None);

    let mut scene = Scene::new(&["a", "b", "c"], 1, CycleOrder::Sequential);
    scene.plan.time_limit = Some(Duration::from_secs(90));
    let (stopped, turns) = scene.run(None);
    assert_eq!((stopped, turns.len(), scene.status("c")), (Some(Stopped::TimeLimit), 2, CellStatus::Waiting));
}

#[test]
fn a_cell_that_somebody_runs_is_left_to_them_and_one_that_nobody_runs_is_taken_up() {
    let scene = Scene::new(&["live", "dead", "elsewhere"], 1, CycleOrder::Sequential);
    let this = this_process();
    let owners = [
        ("live", this.clone()),
        ("dead", RunOwner { started_ticks: this.started_ticks + 1, ..this.clone() }),
        ("elsewhere", RunOwner { host: "another".into(), ..this }),
    ];
    for (cell, owner) in owners {
        scene
            .store
            .save_cell(cell, &CellState { status: CellStatus::Running, owner: Some(owner), ..CellState::default() })
            .expect("in memory");
    }
    assert_eq!(scene.run(None).1, [("dead".to_owned(), 1, false)]);
}
