//! What stands beside the energy of a summary: idle power, energy beyond it, carbon and cost, gauges.

use crate::record::document::{MultipliersRecord, QuantityRecord};
use crate::record::{FieldError, finite, name};
use lem_domain::Boundary;
use lem_domain::derive::{GaugeSummary, IdleReading, Impact, MarginalEnergy};
use lem_domain::idle::IdleState;
use lem_domain::sensor::Gauge;
use serde::{Deserialize, Serialize};

/// The power of one sensor in one idle state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdleReadingRecord {
    /// The state.
    #[serde(with = "name")]
    pub state: IdleState,
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// The sensor's name below its device.
    pub sensor: String,
    /// What the power covers.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// Mean over the time in which the state was watched.
    pub power: QuantityRecord,
    /// Whether it was found by an earlier run and kept.
    pub kept: bool,
}

/// Energy beyond that of an idle state; negative where the window drew less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginalRecord {
    /// The state whose power is subtracted.
    #[serde(with = "name")]
    pub state: IdleState,
    /// Gross energy − Σ idle power of the very same sensors × window.
    pub energy: QuantityRecord,
    /// The same ÷ output tokens.
    pub per_output_token: QuantityRecord,
}

/// Carbon and cost of the gross energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpactRecord {
    /// What was multiplied with.
    pub multipliers: MultipliersRecord,
    /// Energy × PUE.
    pub facility_energy: QuantityRecord,
    /// Energy × PUE × grid intensity; its source says when there is no PUE in it.
    pub carbon: QuantityRecord,
    /// Energy × price; the unit is the currency, ¤ when there is none.
    pub cost: QuantityRecord,
}

/// One gauge over the measured window, in the unit that its name carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaugeRecord {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What it gauges.
    #[serde(with = "name")]
    pub gauge: Gauge,
    /// Smallest value.
    pub min: f64,
    /// Arithmetic mean of the samples, not weighted by time.
    pub mean: f64,
    /// Largest value.
    pub max: f64,
    /// Number of samples.
    pub n_samples: u64,
}

impl IdleReadingRecord {
    pub(super) fn of(idle: &IdleReading) -> Result<Self, FieldError> {
        Ok(Self {
            state: idle.state,
            device: idle.device.as_str().to_owned(),
            device_name: idle.device_name.clone(),
            sensor: idle.sensor.clone(),
            boundary: idle.boundary,
            power: QuantityRecord::of("power", &idle.power)?,
            kept: idle.kept,
        })
    }
}

impl MarginalRecord {
    pub(super) fn of(marginal: &MarginalEnergy) -> Result<Self, FieldError> {
        Ok(Self {
            state: marginal.state,
            energy: QuantityRecord::of("energy", &marginal.energy)?,
            per_output_token: QuantityRecord::of("per_output_token", &marginal.per_output_token)?,
        })
    }
}

impl ImpactRecord {
    pub(in crate::record::document) fn of(field: &str, impact: &Impact) -> Result<Self, FieldError> {
        let cost = QuantityRecord::of(&format!("{field}.cost"), &impact.cost)?;
        let unit = impact.multipliers.currency.clone().unwrap_or_else(|| cost.unit.clone());
        Ok(Self {
            multipliers: MultipliersRecord::of(&format!("{field}.multipliers"), &impact.multipliers)?,
            facility_energy: QuantityRecord::of(&format!("{field}.facility_energy"), &impact.facility_energy)?,
            carbon: QuantityRecord::of(&format!("{field}.carbon"), &impact.carbon)?,
            cost: QuantityRecord { unit, ..cost },
        })
    }
}

impl GaugeRecord {
    pub(in crate::record::document) fn of(gauge: &GaugeSummary) -> Result<Self, FieldError> {
        Ok(Self {
            sensor: gauge.sensor.clone(),
            device: gauge.device.as_str().to_owned(),
            device_name: gauge.device_name.clone(),
            gauge: gauge.gauge,
            min: finite("min", gauge.min)?,
            mean: finite("mean", gauge.mean)?,
            max: finite("max", gauge.max)?,
            n_samples: gauge.n_samples,
        })
    }
}
