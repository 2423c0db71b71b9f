//! One sensor over several windows: what it saw of each, added up.

use super::EnergyReading;
use crate::quantity::{Grade, Quantity, Validity};
use crate::uncertainty::Uncertainty;
use crate::units::Joules;

/// The readings of several windows as those of one. A sensor that said nothing of one of them has no sum, rather than a
/// smaller one.
pub(in crate::derive) fn pooled(of_windows: &[&[EnergyReading]]) -> Vec<EnergyReading> {
    let same = |a: &EnergyReading, b: &EnergyReading| a.device == b.device && a.sensor == b.sensor && a.boundary == b.boundary;
    let mut pooled: Vec<EnergyReading> = Vec::new();
    for reading in of_windows.iter().copied().flatten() {
        if !pooled.iter().any(|known| same(known, reading)) {
            let parts: Vec<Option<&EnergyReading>> =
                of_windows.iter().map(|readings| readings.iter().find(|other| same(reading, other))).collect();
            pooled.push(sum(reading, &parts));
        }
    }
    pooled
}

fn sum(first: &EnergyReading, parts: &[Option<&EnergyReading>]) -> EnergyReading {
    let add = |pick: fn(&EnergyReading) -> &Quantity<Joules>| {
        sum_windows(&parts.iter().map(|part| part.map(pick)).collect::<Vec<_>>()).within(first.boundary)
    };
    EnergyReading {
        energy: add(|reading| &reading.energy),
        prefill: add(|reading| &reading.prefill),
        decode: add(|reading| &reading.decode),
        problem: parts.iter().flatten().find_map(|part| part.problem),
        ..first.clone()
    }
}

/// The energy of one sensor over several windows. It is as much a measurement of that sensor as each of them; effects of
/// the sensor itself add up, edges are independent.
fn sum_windows(parts: &[Option<&Quantity<Joules>>]) -> Quantity<Joules> {
    if let [Some(only)] = parts {
        return (*only).clone();
    }
    for (cycle, part) in parts.iter().enumerate() {
        let Some(part) = part else { return Quantity::unavailable(format!("cycle {cycle}: the sensor was not read")) };
        if let Some(reason) = part.absence() {
            let reason = format!("cycle {cycle}: {reason}");
            return match part.validity() {
                Validity::Invalid(_) => Quantity::present(Joules::default(), part.grade(), part.source()).judged(Validity::Invalid(reason)),
                Validity::Ok | Validity::Limited(_) => Quantity::unavailable(reason),
            };
        }
    }
    let known: Vec<&Quantity<Joules>> = parts.iter().copied().flatten().collect();
    let energy: Joules = known.iter().filter_map(|part| part.value()).sum();
    let grade = known.iter().map(|part| part.grade()).max().unwrap_or(Grade::Unavailable);
    let validity = known.iter().fold(Validity::Ok, |worst, part| worst.combine(part.validity().clone()));
    let source = format!("{}, over {} cycles", known.first().map_or("", |part| part.source()), known.len());
    let sum = Quantity::present(energy, grade, source).judged(validity);
    match known.iter().map(|part| part.uncertainty()).collect::<Option<Vec<_>>>() {
        Some(uncertainties) => sum.with_uncertainty(Uncertainty::sum_of_correlated(uncertainties)),
        None => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Boundary;

    fn joules(value: f64) -> Quantity<Joules> {
        let uncertainty = Uncertainty::new(0.1 * value, 3.0);
        Quantity::present(Joules::new(value), Grade::Measured, "counter").with_uncertainty(uncertainty).within(Boundary::GpuBoard)
    }

    #[test]
    fn the_gain_of_a_sensor_adds_up_and_its_edges_do_not() {
        let (a, b) = (joules(100.0), joules(300.0));
        let sum = sum_windows(&[Some(&a), Some(&b)]);
        let uncertainty = sum.uncertainty().expect("both have one");
        assert_eq!((sum.value(), sum.grade()), (Some(Joules::new(400.0)), Grade::Measured));
        assert!((uncertainty.systematic - 40.0).abs() < 1e-9 && (uncertainty.random - 18.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(sum_windows(&[Some(&a)]), a);
    }

    #[test]
    fn a_window_without_a_value_leaves_no_smaller_sum() {
        let known = joules(100.0);
        let lost = joules(50.0).judged(Validity::Invalid("the sensor was lost".into()));
        let check = |second: Option<&Quantity<Joules>>, absence: &str| {
            let sum = sum_windows(&[Some(&known), second]);
            assert_eq!((sum.value(), sum.absence()), (None, Some(absence)));
        };
        check(Some(&lost), "cycle 1: the sensor was lost");
        check(None, "cycle 1: the sensor was not read");
    }
}
