//! How much more or less energy per output token an experiment needs than the first one.

use super::experiment::ExperimentView;
use crate::figure::Figure;
use serde::Serialize;

/// A ratio with its interval, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    /// Energy per output token ÷ that of the first experiment.
    ratio: Option<f64>,
    /// Lower end of the interval.
    low: Option<f64>,
    /// Upper end of the interval.
    high: Option<f64>,
    /// What stands for what in the interval, or why there is no ratio.
    basis: String,
}

const NAME: &str = "energy_j_per_output_token";

/// Each experiment beside the first; the first beside itself is 1.
///
/// The interval is that of measurement alone, k = 2. On the same sensor the systematic parts are the same and cancel in a
/// ratio (MEASUREMENT.md §1); elsewhere they count. What differs from run to run is not in it.
pub(super) fn differences(experiments: &[ExperimentView]) -> Vec<Difference> {
    let first = experiments.first();
    experiments.iter().map(|experiment| difference(first.and_then(|first| Some((first, first.figure(NAME)?))), experiment)).collect()
}

fn difference(reference: Option<(&ExperimentView, &Figure)>, experiment: &ExperimentView) -> Difference {
    let absent = |basis: &str| Difference { ratio: None, low: None, high: None, basis: basis.to_owned() };
    let Some((first, reference)) = reference else { return absent("the first experiment has no energy per output token") };
    let Some(figure) = experiment.figure(NAME) else { return absent("there is no energy per output token") };
    if figure.boundary != reference.boundary {
        return absent("its joules cover something else than those of the first experiment");
    }
    let same_sensor = sensor(first) == sensor(experiment);
    ratio(reference, figure, same_sensor).unwrap_or_else(|| absent("the first experiment has no positive energy"))
}

/// Name and device of what the energy was read from.
fn sensor(experiment: &ExperimentView) -> Option<(Option<&str>, Option<&String>)> {
    let energy = experiment.figure("energy_j")?;
    Some((energy.source.as_deref(), experiment.environment_fact("host.cpu.model_name")))
}

fn ratio(reference: &Figure, figure: &Figure, same_sensor: bool) -> Option<Difference> {
    let (below, above) = (reference.value?.approximate(), figure.value?.approximate());
    if below <= 0.0 || above <= 0.0 {
        return None;
    }
    let ratio = above / below;
    let relative = |figure: &Figure, value: f64| {
        figure
            .uncertainty
            .map(|uncertainty| if same_sensor { uncertainty.random } else { uncertainty.systematic.hypot(uncertainty.random) } / value)
    };
    let interval = relative(reference, below).zip(relative(figure, above)).map(|(a, b)| 2.0 * a.hypot(b));
    let basis = match (interval, same_sensor) {
        (None, _) => "an uncertainty is not known",
        (Some(_), true) => "the same kind of sensor: what is systematic cancels",
        (Some(_), false) => "different sensors: what is systematic counts",
    };
    // Multiplied and divided, so that the interval of a ratio stays positive.
    let ends = interval.map(|width| (ratio / width.exp(), ratio * width.exp()));
    Some(Difference { ratio: Some(ratio), low: ends.map(|ends| ends.0), high: ends.map(|ends| ends.1), basis: basis.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Number;
    use crate::record::document::{UncertaintyRecord, ValidityRecord};
    use lem_domain::Grade;

    fn figure(value: f64, systematic: f64, random: f64) -> Figure {
        Figure {
            name: NAME.into(),
            label: String::new(),
            value: Some(Number::Real(value)),
            unit: "J/token".into(),
            uncertainty: Some(UncertaintyRecord { systematic, random, random_half_width_95: None, expanded_k2: 0.0 }),
            grade: Grade::Measured,
            validity: ValidityRecord::Ok,
            validity_reason: None,
            boundary: None,
            source: None,
            absence: None,
            plain: false,
        }
    }

    #[test]
    fn a_gain_that_both_share_does_not_widen_the_ratio() {
        let (a, b) = (figure(1.0, 0.1, 0.003), figure(0.9, 0.09, 0.0036));
        let width = |same| ratio(&a, &b, same).map(|difference| (difference.high.unwrap() / difference.ratio.unwrap()).ln()).unwrap();
        assert!((width(true) - 2.0 * 0.003_f64.hypot(0.004)).abs() < 1e-12);
        assert!(width(false) > 0.28);
        assert!((ratio(&a, &b, true).unwrap().ratio.unwrap() - 0.9).abs() < 1e-12);
        assert_eq!(ratio(&figure(0.0, 0.0, 0.0), &b, true), None);
    }
}
