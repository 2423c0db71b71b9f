//! Running the cells of a study: in order, each failure by itself, and in a state that anyone can take up after a crash.

mod order;

pub use order::{Visit, visits};

use crate::owner::{Liveness, liveness, this_process};
use lem_domain::protocol::{Interrupt, SeamError, StudyStore};
use lem_domain::study::{CellState, CellStatus, StudyCell, StudyPlan};
use lem_domain::{Clock, ExperimentId};

/// How a turn of a cell ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    /// The cycles of the turn are recorded.
    Recorded,
    /// So are all of its cycles, and its figures are derived and valid.
    Completed,
    /// It has no valid result, for this reason.
    Failed(String),
    /// A signal stopped it.
    Interrupted,
}

/// What a turn of a cell left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How it ended.
    pub end: TurnEnd,
    /// Its experiment, where it got as far as having one.
    pub experiment: Option<ExperimentId>,
}

/// Runs cells.
pub trait CellRunner {
    /// Runs a cell until it has so many cycles, going on with its experiment where there is one.
    fn run(&mut self, cell: &StudyCell, experiment: Option<&ExperimentId>, until: u32) -> Turn;

    /// A turn is over; so many are left.
    fn turned(&mut self, cell: &StudyCell, state: &CellState, left: usize);
}

/// What a study is run with.
pub struct StudyTools<'a> {
    /// Keeps the state of cells.
    pub store: &'a dyn StudyStore,
    /// Tells when the time limit is reached.
    pub clock: &'a dyn Clock,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
    /// Whether a cell that a process of another host was running is taken over: whoever says so knows that it has ended.
    pub takes_over: bool,
}

/// Why a study stopped before all of its turns were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A signal.
    Interrupted,
    /// So many cells failed one after the other.
    Failures(u32),
    /// The time limit.
    TimeLimit,
}

/// Takes the turns of these cells of a plan that are not done; `None` of a reason when all were taken.
///
/// # Errors
/// When the state of a cell cannot be read or written. That a cell fails is no error of the study.
pub fn run_study(
    plan: &StudyPlan,
    cells: &[&StudyCell],
    runner: &mut dyn CellRunner,
    tools: &StudyTools<'_>,
) -> Result<Option<Stopped>, SeamError> {
    let deadline = plan.time_limit.map(|limit| tools.clock.now().after(limit));
    let turns = visits(cells.len(), plan.cycles, plan.order, plan.seed);
    let mut failures_in_a_row = 0;
    for (taken, visit) in turns.iter().enumerate() {
        if tools.interrupt.is_raised() {
            return Ok(Some(Stopped::Interrupted));
        }
        if deadline.is_some_and(|deadline| tools.clock.now() >= deadline) {
            return Ok(Some(Stopped::TimeLimit));
        }
        let cell = cells[visit.cell];
        let Some(state) = take_turn(cell, visit.until, runner, tools)? else { continue };
        runner.turned(cell, &state, turns.len() - taken - 1);
        failures_in_a_row = if state.status == CellStatus::Failed { failures_in_a_row + 1 } else { 0 };
        if plan.stop_after_failures.is_some_and(|most| failures_in_a_row >= most) {
            return Ok(Some(Stopped::Failures(failures_in_a_row)));
        }
    }
    Ok(tools.interrupt.is_raised().then_some(Stopped::Interrupted))
}

/// One turn; `None` when there is nothing to do in it.
fn take_turn(cell: &StudyCell, until: u32, runner: &mut dyn CellRunner, tools: &StudyTools<'_>) -> Result<Option<CellState>, SeamError> {
    let mut state = tools.store.load_cell(&cell.name)?;
    let is_free = match state.status {
        CellStatus::Waiting => true,
        CellStatus::Completed | CellStatus::Failed | CellStatus::Skipped => false,
        CellStatus::Running => match state.owner.as_ref().map(liveness) {
            Some(Liveness::Running) => false,
            Some(Liveness::Elsewhere) => tools.takes_over,
            Some(Liveness::Ended) | None => true,
        },
    };
    if !is_free || state.cycles >= until {
        return Ok(None);
    }
    state.status = CellStatus::Running;
    state.owner = Some(this_process());
    tools.store.save_cell(&cell.name, &state)?;
    let turn = runner.run(cell, state.experiment.as_ref(), until);
    state.experiment = turn.experiment.or(state.experiment);
    match turn.end {
        TurnEnd::Recorded => (state.status, state.cycles) = (CellStatus::Waiting, until),
        TurnEnd::Completed => (state.status, state.cycles, state.reason) = (CellStatus::Completed, until, None),
        TurnEnd::Interrupted => {
            // Whoever stopped it may have left it out meanwhile.
            let is_skipped = tools.store.load_cell(&cell.name)?.status == CellStatus::Skipped;
            state.status = if is_skipped { CellStatus::Skipped } else { CellStatus::Waiting };
        }
        TurnEnd::Failed(reason) => {
            state.status = CellStatus::Failed;
            state.failures += 1;
            state.reason = Some(reason);
        }
    }
    tools.store.save_cell(&cell.name, &state)?;
    Ok(Some(state))
}

/// Lets a cell that failed or was left out have its turns again.
#[must_use]
pub fn retried(state: CellState) -> CellState {
    match state.status {
        CellStatus::Failed | CellStatus::Skipped => CellState { status: CellStatus::Waiting, reason: None, ..state },
        CellStatus::Waiting | CellStatus::Running | CellStatus::Completed => state,
    }
}

#[cfg(test)]
mod tests;
