//! `--require` once everything has been seen.

use lem_domain::derive::BoundaryTotal;
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::spec::RequiredGrade;

/// Sensors that promise a grade may still not reach it: the time may have been too short, a sensor may have been lost.
///
/// As in an experiment the innermost boundary decides: a good figure of the sockets does not stand in for a board that
/// fell silent.
///
/// # Errors
/// When the energy has no value or a worse grade.
pub(super) fn require(required: RequiredGrade, totals: &[BoundaryTotal]) -> Result<(), SeamError> {
    let Some(worst) = required.worst_accepted() else { return Ok(()) };
    let energy = totals.first().map(|total| &total.energy);
    if energy.is_some_and(|energy| energy.value().is_some() && energy.grade() <= worst) {
        return Ok(());
    }
    let reason = energy.and_then(|energy| energy.absence()).map_or_else(String::new, |reason| format!(": {reason}"));
    Err(SeamError::new(Fault::Preflight, format!("the energy turned out not to be what `--require` asks for{reason}"))
        .with_hint("measure for longer, or accept what there is with `--require any`"))
}
