//! What was seen of a window by its sensors alone: the parts that measurements of programs and live power share.

use super::{FindingRecord, GaugeRecord, ImpactRecord, PathRatioRecord, QuantityRecord, SamplerCostRecord, SourceRecord};
use crate::record::field::each;
use crate::record::{FieldError, finite, name};
use lem_domain::derive::{BoundaryTotal, DeviceEnergy, EnergyReading, Observation, Throttle};
use lem_domain::sensor::{SamplerCost, SourceVerdict};
use lem_domain::{Boundary, Finding};
use serde::{Deserialize, Serialize};

/// Everything seen of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationRecord {
    /// Length of the window, in seconds, by the monotonic clock.
    pub window_s: f64,
    /// Energy by what it covers; boundaries overlap, so totals are never added.
    pub totals: Vec<BoundaryTotalRecord>,
    /// The best reading of each device within each boundary.
    pub devices: Vec<DeviceEnergyRecord>,
    /// Every sensor's own reading.
    pub readings: Vec<SensorEnergyRecord>,
    /// How sensors of one device and boundary compare.
    pub paths: Vec<PathRatioRecord>,
    /// Gauges over the window.
    pub gauges: Vec<GaugeRecord>,
    /// Devices whose clocks were held down.
    pub throttles: Vec<ThrottleRecord>,
    /// What became of every source that could have been used.
    pub sources: Vec<SourceRecord>,
    /// Cost of sampling.
    pub cost: SamplerCostRecord,
    /// What a reader must know.
    pub findings: Vec<FindingRecord>,
}

/// Energy of all devices within one boundary. Boundaries overlap: totals are never added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundaryEnergyRecord {
    /// What it covers.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// Sum over devices of the best reading of each.
    pub energy: QuantityRecord,
    /// Energy ÷ window.
    pub mean_power: QuantityRecord,
}

/// The same with what it means outside the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundaryTotalRecord {
    /// The energy.
    #[serde(flatten)]
    pub total: BoundaryEnergyRecord,
    /// Carbon and cost of it.
    pub impact: ImpactRecord,
}

/// Energy of one device within one boundary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceEnergyRecord {
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What it covers.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// The sensor whose reading it is.
    pub sensor: String,
    /// Length of the trailing mean that the sensor shows, in seconds; null when it shows none.
    pub averaging_window_s: Option<f64>,
    /// Over the window.
    pub energy: QuantityRecord,
    /// Energy ÷ window.
    pub mean_power: QuantityRecord,
}

/// What one sensor saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorEnergyRecord {
    /// The sensor's name below its device.
    pub sensor: String,
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// What it covers.
    #[serde(with = "name")]
    pub boundary: Boundary,
    /// Over the window.
    pub energy: QuantityRecord,
}

/// A device whose clocks were held down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleRecord {
    /// The device.
    pub device: String,
    /// What the device is called.
    pub device_name: String,
    /// Why.
    pub reasons: Vec<ThrottleReasonRecord>,
    /// Number of samples in the window.
    pub n_samples: u64,
}

/// Why clocks were held down, by NVML's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrottleReasonRecord {
    /// The reason.
    pub reason: String,
    /// Number of samples that showed it.
    pub n_samples: u64,
}

impl ObservationRecord {
    /// `known` are findings from before the window.
    pub(super) fn of(
        observation: &Observation,
        sources: &[SourceVerdict],
        cost: SamplerCost,
        known: &[Finding],
    ) -> Result<Self, FieldError> {
        Ok(Self {
            window_s: finite("window_s", observation.window.span().get())?,
            totals: each("totals", &observation.totals, BoundaryTotalRecord::of)?,
            devices: each("devices", &observation.devices, DeviceEnergyRecord::of)?,
            readings: each("readings", &observation.readings, SensorEnergyRecord::of)?,
            paths: each("paths", &observation.paths, PathRatioRecord::of)?,
            gauges: each("gauges", &observation.gauges, GaugeRecord::of)?,
            throttles: observation.throttles.iter().map(ThrottleRecord::from).collect(),
            sources: sources.iter().map(SourceRecord::from).collect(),
            cost: SamplerCostRecord::of(cost).map_err(|error| error.within("cost"))?,
            findings: known.iter().chain(&observation.findings).map(FindingRecord::from).collect(),
        })
    }
}

impl BoundaryEnergyRecord {
    pub(super) fn of(total: &BoundaryTotal) -> Result<Self, FieldError> {
        Ok(Self {
            boundary: total.boundary,
            energy: QuantityRecord::of("energy", &total.energy)?,
            mean_power: QuantityRecord::of("mean_power", &total.mean_power)?,
        })
    }
}

impl BoundaryTotalRecord {
    pub(super) fn of(total: &BoundaryTotal) -> Result<Self, FieldError> {
        Ok(Self { total: BoundaryEnergyRecord::of(total)?, impact: ImpactRecord::of("impact", &total.impact)? })
    }
}

impl DeviceEnergyRecord {
    pub(super) fn of(device: &DeviceEnergy) -> Result<Self, FieldError> {
        Ok(Self {
            device: device.device.as_str().to_owned(),
            device_name: device.device_name.clone(),
            boundary: device.boundary,
            sensor: device.sensor.clone(),
            averaging_window_s: device.averaged_over.map(|over| finite("averaging_window_s", over.as_secs_f64())).transpose()?,
            energy: QuantityRecord::of("energy", &device.energy)?,
            mean_power: QuantityRecord::of("mean_power", &device.mean_power)?,
        })
    }
}

impl SensorEnergyRecord {
    pub(super) fn of(reading: &EnergyReading) -> Result<Self, FieldError> {
        Ok(Self {
            sensor: reading.sensor.clone(),
            device: reading.device.as_str().to_owned(),
            device_name: reading.device_name.clone(),
            boundary: reading.boundary,
            energy: QuantityRecord::of("energy", &reading.energy)?,
        })
    }
}

impl From<&Throttle> for ThrottleRecord {
    fn from(throttle: &Throttle) -> Self {
        let reason = |(reason, n_samples): &(String, u64)| ThrottleReasonRecord { reason: reason.clone(), n_samples: *n_samples };
        Self {
            device: throttle.device.as_str().to_owned(),
            device_name: throttle.device_name.clone(),
            reasons: throttle.reasons.iter().map(reason).collect(),
            n_samples: throttle.n_samples,
        }
    }
}
