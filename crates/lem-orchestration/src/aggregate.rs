//! Late aggregation: figures are derived from the raw records on disk, never from what is still in memory.

use crate::error::ExperimentError;
use lem_domain::protocol::{ResultsRepository, RunPhase, RunState, StateStore};
use lem_domain::{Clock, ExperimentId};

/// Derives the figures of an experiment from its saved raw records and saves them beside those.
///
/// Repeating it gives the same bytes. A run that was interrupted or failed keeps that state; a recorded one is
/// completed by this.
///
/// # Errors
/// When there are no raw records, when they are damaged, or when the result cannot be written.
pub fn aggregate(
    results: &dyn ResultsRepository,
    states: &dyn StateStore,
    clock: &dyn Clock,
    id: &ExperimentId,
) -> Result<(), ExperimentError> {
    results.aggregate(id).map_err(ExperimentError::Storage)?;
    let state = states.load_state(id).map_err(ExperimentError::Storage)?;
    if state.is_some_and(|state| state.phase == RunPhase::Recorded) {
        let completed = RunState { phase: RunPhase::Completed, since: clock.wall(), reason: None };
        states.save_state(id, &completed).map_err(ExperimentError::Storage)?;
    }
    Ok(())
}
