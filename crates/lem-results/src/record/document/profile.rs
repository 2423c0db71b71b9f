//! `profiles/<key>.json`: what calibration found out about the sensors of one board.

use crate::digest::sha256;
use crate::json;
use crate::record::field::{each, nanos, system_time, wall_time};
use crate::record::{FieldError, SchemaVersion, finite, name};
use lem_domain::idle::IdleState;
use lem_domain::profile::{BoardProfile, Found, ProfileKey, SensorProfile};
use lem_domain::units::Watts;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The profile of one board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// What it holds for; the name of the file is made of it.
    pub key: ProfileKeyRecord,
    /// When it was made, wall time in UTC, RFC 3339; a label.
    pub at: String,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// What the load was, in words; null without one.
    pub load: Option<String>,
    /// Its sensors.
    pub sensors: Vec<SensorProfileRecord>,
}

/// What a profile holds for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileKeyRecord {
    /// Board or processor by its model name.
    pub board: String,
    /// Driver and its version.
    pub driver: String,
    /// Firmware or microcode; empty where none is readable.
    pub firmware: String,
}

/// One sensor's properties.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorProfileRecord {
    /// The sensor's name below its device.
    pub sensor: String,
    /// Time between two updates, in nanoseconds.
    pub update_period_ns: FoundRecord<u64>,
    /// Length of the trailing mean that a power value is, in nanoseconds.
    pub averaging_window_ns: FoundRecord<u64>,
    /// From a step of the load to the sensor showing half of it, in nanoseconds.
    pub lag_ns: FoundRecord<u64>,
    /// Smallest step of the value, in its unit (joules or watts).
    pub resolution: FoundRecord<f64>,
    /// Median duration of one read, in nanoseconds.
    pub read_latency_ns: FoundRecord<u64>,
    /// Energy by the counter ÷ energy by integrating this power sensor.
    pub counter_ratio: FoundRecord<f64>,
    /// Idle power by state.
    pub idle: Vec<IdlePowerRecord>,
}

/// A figure that calibration found: `value` and `half_width`, or neither and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRecord<N> {
    /// The figure; null when it was not found.
    pub value: Option<N>,
    /// Half-width of its 95 % interval, in the same unit; null when it was not found.
    pub half_width: Option<N>,
    /// Why it was not found; null when it was.
    pub reason: Option<String>,
}

/// Idle power in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdlePowerRecord {
    /// The state.
    #[serde(with = "name")]
    pub state: IdleState,
    /// The power, in watts.
    pub power_w: FoundRecord<f64>,
}

impl ProfileKeyRecord {
    /// A name that no other key has: the start of the digest of the key as it is written.
    pub(crate) fn file_stem(&self) -> String {
        const DIGITS: usize = 16;
        sha256(&json::to_bytes(self)).chars().take(DIGITS).collect()
    }
}

impl ProfileRecord {
    /// The document of a profile.
    pub(crate) fn of(profile: &BoardProfile) -> Result<Self, FieldError> {
        Ok(Self {
            schema_version: SchemaVersion::CURRENT,
            key: (&profile.key).into(),
            at: wall_time("at", profile.at)?,
            tool_version: profile.tool_version.clone(),
            load: profile.load.clone(),
            sensors: each("sensors", &profile.sensors, SensorProfileRecord::of)?,
        })
    }

    /// The profile.
    pub(crate) fn profile(self) -> Result<BoardProfile, FieldError> {
        Ok(BoardProfile {
            key: self.key.into(),
            at: system_time("at", &self.at)?,
            tool_version: self.tool_version,
            load: self.load,
            sensors: each("sensors", self.sensors, SensorProfileRecord::sensor)?,
        })
    }
}

impl From<&ProfileKey> for ProfileKeyRecord {
    fn from(key: &ProfileKey) -> Self {
        Self { board: key.board.clone(), driver: key.driver.clone(), firmware: key.firmware.clone() }
    }
}

impl From<ProfileKeyRecord> for ProfileKey {
    fn from(record: ProfileKeyRecord) -> Self {
        Self { board: record.board, driver: record.driver, firmware: record.firmware }
    }
}

impl SensorProfileRecord {
    fn of(profile: &SensorProfile) -> Result<Self, FieldError> {
        let idle = |(state, power): &(IdleState, Found<Watts>)| {
            let power_w = FoundRecord::of("power_w", power, |field, watts| finite(field, watts.get()))?;
            Ok(IdlePowerRecord { state: *state, power_w })
        };
        Ok(Self {
            sensor: profile.sensor.clone(),
            update_period_ns: FoundRecord::of("update_period_ns", &profile.update_period, nanos)?,
            averaging_window_ns: FoundRecord::of("averaging_window_ns", &profile.averaging_window, nanos)?,
            lag_ns: FoundRecord::of("lag_ns", &profile.lag, nanos)?,
            resolution: FoundRecord::of("resolution", &profile.resolution, finite)?,
            read_latency_ns: FoundRecord::of("read_latency_ns", &profile.read_latency, nanos)?,
            counter_ratio: FoundRecord::of("counter_ratio", &profile.counter_ratio, finite)?,
            idle: each("idle", &profile.idle, idle)?,
        })
    }

    fn sensor(self) -> Result<SensorProfile, FieldError> {
        Ok(SensorProfile {
            sensor: self.sensor,
            update_period: self.update_period_ns.found("update_period_ns", Duration::from_nanos)?,
            averaging_window: self.averaging_window_ns.found("averaging_window_ns", Duration::from_nanos)?,
            lag: self.lag_ns.found("lag_ns", Duration::from_nanos)?,
            resolution: self.resolution.found("resolution", |step| step)?,
            read_latency: self.read_latency_ns.found("read_latency_ns", Duration::from_nanos)?,
            counter_ratio: self.counter_ratio.found("counter_ratio", |ratio| ratio)?,
            idle: each("idle", self.idle, |idle| Ok((idle.state, idle.power_w.found("power_w", Watts::new)?)))?,
        })
    }
}

impl<N> FoundRecord<N> {
    fn of<T: Copy>(field: &str, found: &Found<T>, number: impl Fn(&str, T) -> Result<N, FieldError>) -> Result<Self, FieldError> {
        Ok(match found {
            Found::Value { value, half_width } => Self {
                value: Some(number(&format!("{field}.value"), *value)?),
                half_width: Some(number(&format!("{field}.half_width"), *half_width)?),
                reason: None,
            },
            Found::Unknown(reason) => Self { value: None, half_width: None, reason: Some(reason.clone()) },
        })
    }

    fn found<T>(self, field: &str, of: impl Fn(N) -> T) -> Result<Found<T>, FieldError> {
        match (self.value, self.half_width, self.reason) {
            (Some(value), Some(half_width), None) => Ok(Found::Value { value: of(value), half_width: of(half_width) }),
            (None, None, Some(reason)) => Ok(Found::Unknown(reason)),
            _ => Err(FieldError::new(field, "it has neither a value with its half-width nor a reason alone")),
        }
    }
}
