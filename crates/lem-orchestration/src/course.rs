//! The course of one run through its phases, kept so that whoever comes after a crash knows where it ended.

use crate::error::{ExperimentError, with_causes};
use crate::owner::this_process;
use lem_domain::idle::IdleState;
use lem_domain::protocol::{RunOwner, RunPhase, RunState, SeamError, StateStore};
use lem_domain::{Clock, ExperimentId};
use std::cell::RefCell;

/// See the module.
pub(crate) struct Course<'a> {
    states: &'a dyn StateStore,
    clock: &'a dyn Clock,
    id: ExperimentId,
    owner: RunOwner,
    state: RefCell<RunState>,
}

impl<'a> Course<'a> {
    /// A run that has just been made, or the phase in which one was left that is taken up.
    pub(crate) fn from(phase: RunPhase, states: &'a dyn StateStore, clock: &'a dyn Clock, id: &ExperimentId) -> Self {
        let state = RefCell::new(RunState::new(phase, clock.wall()));
        Self { states, clock, id: id.clone(), owner: this_process(), state }
    }

    /// Goes on to a phase.
    ///
    /// # Panics
    /// When a run cannot go there from where it is, which no course of a run does.
    pub(crate) fn enter(&self, phase: RunPhase) -> Result<(), ExperimentError> {
        let now = self.state.borrow().phase;
        assert!(now.may_become(phase), "a run does not go from `{}` to `{}`", now.as_str(), phase.as_str());
        self.change(|state| state.phase = phase).map_err(ExperimentError::Storage)
    }

    /// Begins a cycle.
    pub(crate) fn enter_cycle(&self, cycle: u32) -> Result<(), ExperimentError> {
        self.state.borrow_mut().cycle = Some(cycle);
        self.enter(RunPhase::Measuring)
    }

    /// An idle state is known.
    pub(crate) fn knows_idle(&self, idle: IdleState) -> Result<(), ExperimentError> {
        self.change(|state| state.idle.push(idle)).map_err(ExperimentError::Storage)
    }

    /// Ends the run by an error. The error itself is the news; a state that cannot be written would only hide it.
    pub(crate) fn fail(&self, error: &ExperimentError) {
        let _ = self.change(|state| {
            state.phase = RunPhase::Failed;
            state.reason = Some(with_causes(error));
        });
    }

    /// Stops the run before its end, for this reason.
    pub(crate) fn interrupt(&self, reason: Option<String>) -> Result<(), ExperimentError> {
        self.state.borrow_mut().reason = reason;
        self.enter(RunPhase::Interrupted)
    }

    fn change(&self, change: impl FnOnce(&mut RunState)) -> Result<(), SeamError> {
        let mut state = self.state.borrow_mut();
        change(&mut state);
        state.since = self.clock.wall();
        state.owner = Some(self.owner.clone());
        self.states.save_state(&self.id, &state)
    }
}
