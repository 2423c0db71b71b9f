//! Late aggregation: figures are derived from the raw records on disk, never from what is still in memory.

use crate::course::Course;
use crate::error::ExperimentError;
use lem_domain::protocol::{ResultsRepository, RunPhase, StateStore};
use lem_domain::{Clock, ExperimentId};

/// Derives the figures of an experiment from its saved raw records and saves them beside those.
///
/// Repeating it gives the same bytes. A run that was interrupted or failed keeps that state; a recorded one is
/// completed by this, or found to be invalid where no cycle is whole.
///
/// # Errors
/// When there are no raw records, when they are damaged, or when the result cannot be written.
pub fn aggregate(
    results: &dyn ResultsRepository,
    states: &dyn StateStore,
    clock: &dyn Clock,
    id: &ExperimentId,
) -> Result<(), ExperimentError> {
    let state = states.load_state(id).map_err(ExperimentError::Storage)?;
    let recorded = state.map(|state| state.phase).filter(|phase| matches!(phase, RunPhase::Recorded | RunPhase::Deriving));
    let Some(phase) = recorded else { return results.aggregate(id).map_err(ExperimentError::Storage) };
    let course = Course::from(phase, states, clock, id);
    course.enter(RunPhase::Deriving)?;
    results.aggregate(id).map_err(ExperimentError::Storage)?;
    let cycles = results.recorded_cycles(id).map_err(ExperimentError::Storage)?;
    course.enter(if cycles.iter().any(|cycle| cycle.is_whole) { RunPhase::Completed } else { RunPhase::Invalid })
}
