//! A number with everything needed to question it.

use crate::record::{FieldError, finite, name};
use lem_domain::units::{Flops, Unit};
use lem_domain::{Boundary, Grade, Quantity, Uncertainty, Validity};
use serde::{Deserialize, Serialize};

/// A graded quantity (MEASUREMENT.md §1). `N` is the number: `f64`, or `u128` for counts that must stay exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantityRecord<N = f64> {
    /// The value, in `unit`; null when unavailable or invalid.
    pub value: Option<N>,
    /// Symbol of the unit, such as `J/token`; present even when the value is not.
    pub unit: String,
    /// Standard uncertainty in `unit`; null when it is not known.
    pub uncertainty: Option<UncertaintyRecord>,
    /// Where the number came from.
    #[serde(with = "name")]
    pub grade: Grade,
    /// How far to trust it.
    pub validity: ValidityRecord,
    /// Why the validity is not `ok`.
    pub validity_reason: Option<String>,
    /// What it covers, for energies and powers.
    #[serde(with = "name::optional")]
    pub boundary: Option<Boundary>,
    /// Sensor, counter or formula; null when there was nothing to compute from.
    pub source: Option<String>,
    /// Why there is no value; null when there is one.
    pub absence: Option<String>,
}

/// Uncertainty in the unit of its value, systematic and random parts apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UncertaintyRecord {
    /// Standard uncertainty of what is the same in every repetition.
    pub systematic: f64,
    /// Standard uncertainty of what differs between repetitions.
    pub random: f64,
    /// Half-width of the interval that holds 95 % of the random part alone; null in documents older than schema 2.0.
    #[serde(default)]
    pub random_half_width_95: Option<f64>,
    /// Both combined and expanded with k = 2: the figure behind the ±.
    pub expanded_k2: f64,
}

/// How far to trust a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidityRecord {
    /// Nothing speaks against it.
    Ok,
    /// The value stands with a widened interval.
    Limited,
    /// The value must not be used and is null.
    Invalid,
}

impl ValidityRecord {
    /// The verdict as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Limited => "limited",
            Self::Invalid => "invalid",
        }
    }
}

impl QuantityRecord {
    /// The record of a quantity at `field` of its document.
    pub(crate) fn of<U: Unit>(field: &str, quantity: &Quantity<U>) -> Result<Self, FieldError> {
        let value = quantity.value().map(|value| finite(&format!("{field}.value"), value.value())).transpose()?;
        record(field, quantity, value)
    }
}

impl QuantityRecord<u128> {
    /// The record of a count of operations at `field` of its document.
    pub(crate) fn of_flops(field: &str, quantity: &Quantity<Flops>) -> Result<Self, FieldError> {
        record(field, quantity, quantity.value().map(Flops::get))
    }
}

fn record<U: Unit, N>(field: &str, quantity: &Quantity<U>, value: Option<N>) -> Result<QuantityRecord<N>, FieldError> {
    let absence = quantity.absence().map(str::to_owned);
    // An unavailable quantity holds its reason where others hold their source; it is written once.
    let source = Some(quantity.source().to_owned()).filter(|source| absence.as_ref() != Some(source));
    Ok(QuantityRecord {
        value,
        unit: U::SYMBOL.to_owned(),
        uncertainty: quantity.uncertainty().map(|uncertainty| UncertaintyRecord::of(field, uncertainty)).transpose()?,
        grade: quantity.grade(),
        validity: match quantity.validity() {
            Validity::Ok => ValidityRecord::Ok,
            Validity::Limited(_) => ValidityRecord::Limited,
            Validity::Invalid(_) => ValidityRecord::Invalid,
        },
        validity_reason: quantity.validity().reason().map(str::to_owned),
        boundary: quantity.boundary(),
        source,
        absence,
    })
}

impl UncertaintyRecord {
    fn of(field: &str, uncertainty: Uncertainty) -> Result<Self, FieldError> {
        Ok(Self {
            systematic: finite(&format!("{field}.uncertainty.systematic"), uncertainty.systematic)?,
            random: finite(&format!("{field}.uncertainty.random"), uncertainty.random)?,
            random_half_width_95: Some(finite(&format!("{field}.uncertainty.random_half_width_95"), uncertainty.random_half_width_95())?),
            expanded_k2: finite(&format!("{field}.uncertainty.expanded_k2"), uncertainty.expanded())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::units::Joules;

    #[test]
    fn a_missing_energy_is_null_with_a_reason_and_never_zero() {
        let record = QuantityRecord::of("energy", &Quantity::<Joules>::unavailable("no sensor")).unwrap();
        assert_eq!((record.value, record.uncertainty, record.unit.as_str()), (None, None, "J"));
        assert_eq!((record.absence.as_deref(), record.source), (Some("no sensor"), None));
    }

    #[test]
    fn an_invalid_energy_keeps_its_sensor_and_says_why() {
        let reset = Quantity::present(Joules::new(5.0), Grade::Measured, "counter").judged(Validity::Invalid("counter reset".into()));
        let record = QuantityRecord::of("energy", &reset).unwrap();
        assert_eq!((record.value, record.validity), (None, ValidityRecord::Invalid));
        assert_eq!((record.absence.as_deref(), record.source.as_deref()), (Some("counter reset"), Some("counter")));
    }

    #[test]
    fn a_value_that_is_no_number_is_refused_by_name() {
        let broken = Quantity::present(Joules::new(f64::NAN), Grade::Measured, "counter");
        assert_eq!(QuantityRecord::of("energy.total", &broken).unwrap_err().field, "energy.total.value");
        let unsure = Quantity::present(Joules::new(1.0), Grade::Measured, "counter").with_uncertainty(Uncertainty::new(f64::INFINITY, 0.0));
        assert_eq!(QuantityRecord::of("energy.total", &unsure).unwrap_err().field, "energy.total.uncertainty.systematic");
    }

    #[test]
    fn operations_beyond_64_bits_stay_exact() {
        let many = u128::from(u64::MAX) * 1_000 + 7;
        let record = QuantityRecord::of_flops("model", &Quantity::present(Flops::new(many), Grade::Derived, "shapes")).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(&many.to_string()), "{text}");
        assert_eq!(serde_json::from_str::<QuantityRecord<u128>>(&text).unwrap(), record);
    }
}
