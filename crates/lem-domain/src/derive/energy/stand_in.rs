//! A device whose better sensor failed and whose energy is another's: the figure stands, and its reader must know.

use super::EnergyReading;
use crate::finding::{Finding, Severity};
use crate::quantity::Boundary;
use std::collections::BTreeMap;

/// One finding for each device within a boundary whose best sensor has no energy while another has.
pub(in crate::derive) fn stand_ins(readings: &[EnergyReading], boundary: Option<Boundary>) -> Vec<Finding> {
    let mut devices: BTreeMap<_, Vec<&EnergyReading>> = BTreeMap::new();
    for reading in readings.iter().filter(|reading| Some(reading.boundary) == boundary) {
        devices.entry(&reading.device).or_default().push(reading);
    }
    devices.into_values().filter_map(|readings| stand_in(&readings)).collect()
}

fn stand_in(readings: &[&EnergyReading]) -> Option<Finding> {
    let answers =
        readings.iter().filter(|reading| reading.energy.value().is_some()).min_by_key(|reading| reading.order(|one| &one.energy))?;
    let failed = readings.iter().filter(|reading| reading.rank < answers.rank).min_by_key(|reading| reading.rank)?;
    let reason = failed.energy.absence()?;
    let message = format!("{}: {reason}; its energy is that of `{}` instead of `{}`", failed.device_name, answers.sensor, failed.sensor);
    Some(Finding::new(failed.problem?, Severity::Warning, message).with_hint("run again to have the better sensor's figure"))
}
