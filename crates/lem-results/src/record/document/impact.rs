//! What an energy is multiplied by, as written.

use crate::record::{FieldError, finite};
use lem_domain::impact::{Multiplier, Multipliers};
use serde::{Deserialize, Serialize};

/// Multipliers of an energy; each null unless it was configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MultipliersRecord {
    /// Energy of the building ÷ energy of its machines.
    pub pue: Option<MultiplierRecord>,
    /// Carbon intensity of the grid, in grams of CO2 equivalent per kilowatt-hour.
    pub grid_g_co2e_per_kwh: Option<MultiplierRecord>,
    /// Price of a kilowatt-hour, in `currency`.
    pub price_per_kwh: Option<MultiplierRecord>,
    /// Three letters of ISO 4217.
    pub currency: Option<String>,
}

/// One factor and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiplierRecord {
    /// The factor.
    pub value: f64,
    /// Who published it, or that it was configured.
    pub source: String,
}

impl MultipliersRecord {
    pub(super) fn of(field: &str, multipliers: &Multipliers) -> Result<Self, FieldError> {
        let record = |name: &str, multiplier: &Option<Multiplier>| {
            let of = |multiplier: &Multiplier| MultiplierRecord::of(&format!("{field}.{name}"), multiplier);
            multiplier.as_ref().map(of).transpose()
        };
        Ok(Self {
            pue: record("pue", &multipliers.pue)?,
            grid_g_co2e_per_kwh: record("grid_g_co2e_per_kwh", &multipliers.grid)?,
            price_per_kwh: record("price_per_kwh", &multipliers.price)?,
            currency: multipliers.currency.clone(),
        })
    }
}

impl MultiplierRecord {
    fn of(field: &str, multiplier: &Multiplier) -> Result<Self, FieldError> {
        Ok(Self { value: finite(&format!("{field}.value"), multiplier.value)?, source: multiplier.source.clone() })
    }
}

impl From<MultipliersRecord> for Multipliers {
    fn from(record: MultipliersRecord) -> Self {
        let multiplier = |record: MultiplierRecord| Multiplier { value: record.value, source: record.source };
        Self {
            pue: record.pue.map(multiplier),
            grid: record.grid_g_co2e_per_kwh.map(multiplier),
            price: record.price_per_kwh.map(multiplier),
            currency: record.currency,
        }
    }
}
