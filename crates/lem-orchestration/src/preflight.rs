//! What must hold before anything expensive starts.

use crate::error::ExperimentError;
use lem_domain::Grade;
use lem_domain::protocol::EnergyBackend;
use lem_domain::sensor::{SensorIndex, SensorRecord};
use lem_domain::spec::RequiredGrade;

/// Refuses a run whose energy could not reach the asked grade, by really reading every sensor once.
pub(crate) fn require_grade(meter: &dyn EnergyBackend, required: RequiredGrade) -> Result<(), ExperimentError> {
    let Some(worst_accepted) = required.worst_accepted() else { return Ok(()) };
    let trial = meter.start().map_err(ExperimentError::Meter)?.stop().map_err(ExperimentError::Meter)?;
    // A sensor that exists and gives no sample is of no use.
    let speaks = |position: &usize| trial.samples.iter().any(|sample| sample.sensor == SensorIndex::of(*position));
    let tells_energy = |position: &usize| trial.sensors[*position].tells_energy();
    let grades = (0..trial.sensors.len()).filter(tells_energy).filter(speaks).map(|position| trial.sensors[position].grade());
    let available = grades.min().unwrap_or(Grade::Unavailable);
    if available <= worst_accepted {
        return Ok(());
    }
    // What is asked for is called by its name: a derived energy is not what anyone asks for.
    let required = if worst_accepted == Grade::Derived { Grade::Measured } else { worst_accepted };
    Err(ExperimentError::GradeNotMet { required, available, reasons: reasons(&trial) })
}

fn reasons(trial: &SensorRecord) -> String {
    let reasons: Vec<String> = trial.sources.iter().map(ToString::to_string).collect();
    if reasons.is_empty() { "no source of energy readings exists here".to_owned() } else { reasons.join("; ") }
}
