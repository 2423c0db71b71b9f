//! What is refused before anything starts.

use crate::lab::{FakeMeter, Lab};
use lem_domain::Grade;
use lem_domain::sensor::{Gauge, SensorKind};
use lem_domain::spec::RequiredGrade;
use lem_orchestration::{Ending, ExperimentError};

#[test]
fn a_gauge_tells_no_energy() {
    let mut lab = Lab::new();
    lab.spec.energy.required = RequiredGrade::Measured;
    lab.meter.sensors = vec![("temperature", SensorKind::Gauge(Gauge::Temperature))];
    let refused = lab.run().ending.unwrap_err();
    assert!(matches!(refused, ExperimentError::GradeNotMet { available: Grade::Unavailable, .. }), "{refused:?}");
    lab.meter.sensors.push(("total-energy", FakeMeter::counter()));
    assert_eq!(lab.run().ending.unwrap(), Ending::Measured);
}
