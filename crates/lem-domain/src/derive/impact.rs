//! What an energy means outside the machine: in the building, in carbon, in money (MEASUREMENT.md §4).

use crate::impact::{Multiplier, Multipliers};
use crate::quantity::{Grade, Quantity};
use crate::units::{Cost, GramsCo2e, Joules, Unit};

/// Figures that multipliers make of the gross energy. A multiplier enters as if it were exact: the uncertainty of each
/// figure is that of the energy alone, and every figure is graded an estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// What was multiplied with; the currency of the cost is named here.
    pub multipliers: Multipliers,
    /// Energy × PUE: what the building drew for it.
    pub facility_energy: Quantity<Joules>,
    /// Energy × PUE × grid intensity. Without a PUE it covers the boundary of the energy alone, and its source says so.
    pub carbon: Quantity<GramsCo2e>,
    /// Energy × price.
    pub cost: Quantity<Cost>,
}

/// Multiplies an energy with what is known.
pub(super) fn impact(total: &Quantity<Joules>, multipliers: &Multipliers) -> Impact {
    let named = |what: &str, multiplier: &Multiplier| format!("{what} {} ({})", multiplier.value, multiplier.source);
    let facility_energy = match &multipliers.pue {
        None => Quantity::unavailable("no power usage effectiveness is configured"),
        Some(pue) => times(total, pue.value, &format!("energy × {}", named("PUE", pue)), |energy| energy * pue.value),
    };
    let carbon = match (&multipliers.grid, &multipliers.pue) {
        (None, _) => Quantity::unavailable("no grid intensity is configured"),
        (Some(grid), Some(pue)) => {
            let source = format!("energy × {} × {}", named("PUE", pue), named("grid intensity", grid));
            times(total, carbon_factor(grid) * pue.value, &source, |energy| GramsCo2e::of(energy * pue.value, grid.value))
        }
        (Some(grid), None) => {
            let source = format!("energy × {}; of the machine alone, without a PUE", named("grid intensity", grid));
            times(total, carbon_factor(grid), &source, |energy| GramsCo2e::of(energy, grid.value))
        }
    };
    let cost = match (&multipliers.price, &multipliers.currency) {
        (None, _) => Quantity::unavailable("no price of energy is configured"),
        (Some(_), None) => Quantity::unavailable("the price of energy has no currency"),
        (Some(price), Some(currency)) => {
            let source = format!("energy × {} {currency}/kWh", named("price", price));
            times(total, Cost::of(Joules::new(1.0), price.value).get(), &source, |energy| Cost::of(energy, price.value))
        }
    };
    Impact { multipliers: multipliers.clone(), facility_energy, carbon, cost }
}

/// Grams per joule.
fn carbon_factor(grid: &Multiplier) -> f64 {
    GramsCo2e::of(Joules::new(1.0), grid.value).get()
}

/// An energy times a factor, in the unit that the factor makes of it.
fn times<U: Unit>(total: &Quantity<Joules>, factor: f64, source: &str, multiply: impl FnOnce(Joules) -> U) -> Quantity<U> {
    let Some(energy) = total.value() else { return total.per(1.0, |_| None, "", "") };
    let product = Quantity::present(multiply(energy), Grade::Estimated, source).judged(total.validity().clone());
    let product = total.boundary().into_iter().fold(product, Quantity::within);
    total.uncertainty().into_iter().fold(product, |product, uncertainty| product.with_uncertainty(uncertainty.scaled(factor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::{Boundary, Validity};
    use crate::uncertainty::Uncertainty;
    use proptest::prelude::*;

    fn multiplier(value: f64, source: &str) -> Option<Multiplier> {
        Some(Multiplier { value, source: source.into() })
    }

    fn energy(joules: f64) -> Quantity<Joules> {
        let uncertainty = Uncertainty::new(0.1 * joules, 0.01 * joules);
        Quantity::present(Joules::new(joules), Grade::Measured, "counter").with_uncertainty(uncertainty).within(Boundary::GpuBoard)
    }

    fn everything() -> Multipliers {
        Multipliers {
            pue: multiplier(1.25, "configured"),
            grid: multiplier(400.0, "a grid of 2025"),
            price: multiplier(0.3, "configured"),
            currency: Some("EUR".into()),
        }
    }

    #[test]
    fn a_kilowatt_hour_by_hand() {
        let impact = impact(&energy(3.6e6), &everything());
        assert_eq!(impact.facility_energy.value(), Some(Joules::new(4.5e6)));
        assert_eq!(impact.carbon.value(), Some(GramsCo2e::new(500.0)));
        // The price is paid at the meter of the machine's energy; the building's is not in it.
        assert_eq!(impact.cost.value(), Some(Cost::new(0.3)));
        assert!(
            impact.carbon.source().contains("a grid of 2025") && impact.carbon.source().contains("PUE 1.25"),
            "{}",
            impact.carbon.source()
        );
        assert!(impact.cost.source().contains("EUR/kWh"), "{}", impact.cost.source());
        assert_eq!((impact.carbon.grade(), impact.carbon.boundary()), (Grade::Estimated, Some(Boundary::GpuBoard)));
        assert!((impact.carbon.uncertainty().expect("scaled").systematic - 50.0).abs() < 1e-9);
    }

    #[test]
    fn without_a_pue_carbon_covers_the_machine_and_says_so() {
        let impact = impact(&energy(3.6e6), &Multipliers { pue: None, ..everything() });
        assert_eq!(impact.carbon.value(), Some(GramsCo2e::new(400.0)));
        assert!(impact.carbon.source().contains("without a PUE"), "{}", impact.carbon.source());
        assert!(impact.facility_energy.absence().is_some_and(|reason| reason.contains("power usage effectiveness")));
    }

    #[test]
    fn what_is_not_configured_is_absent_with_its_reason() {
        let nothing = impact(&energy(1.0), &Multipliers::default());
        assert_eq!((nothing.facility_energy.value(), nothing.carbon.value(), nothing.cost.value()), (None, None, None));
        assert_eq!(nothing.carbon.absence(), Some("no grid intensity is configured"));
        let unnamed = impact(&energy(1.0), &Multipliers { currency: None, ..everything() });
        assert_eq!(unnamed.cost.absence(), Some("the price of energy has no currency"));
    }

    #[test]
    fn without_an_energy_there_is_no_impact() {
        let reset = energy(1.0).judged(Validity::Invalid("counter reset".into()));
        let impact = impact(&reset, &everything());
        assert_eq!((impact.carbon.value(), impact.carbon.absence()), (None, Some("counter reset")));
        assert_eq!((impact.cost.value(), impact.facility_energy.value()), (None, None));
    }

    proptest! {
        #[test]
        fn relative_uncertainty_is_that_of_the_energy(
            joules in 1.0..1e9f64, pue in 1.0..3.0f64, grid in 1.0..2_000.0f64, price in 0.01..10.0f64,
        ) {
            let [pue, grid, price] = [pue, grid, price].map(|value| multiplier(value, "x"));
            let multipliers = Multipliers { pue, grid, price, ..everything() };
            let impact = impact(&energy(joules), &multipliers);
            let relative = |value: f64, uncertainty: Option<Uncertainty>| uncertainty.expect("scaled").systematic / value;
            for share in [
                relative(impact.facility_energy.value().expect("value").get(), impact.facility_energy.uncertainty()),
                relative(impact.carbon.value().expect("value").get(), impact.carbon.uncertainty()),
                relative(impact.cost.value().expect("value").get(), impact.cost.uncertainty()),
            ] {
                prop_assert!((share - 0.1).abs() < 1e-9, "{share}");
            }
        }
    }
}
