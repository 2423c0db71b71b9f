//! What `lem monitor` writes: one document per interval, and one of the whole.

use super::{BoundaryEnergyRecord, DeviceEnergyRecord, GaugeRecord, ObservationRecord, ThrottleRecord};
use crate::error::ResultsError;
use crate::record::field::{each, wall_time};
use crate::record::{FieldError, SchemaVersion, finite};
use lem_domain::Finding;
use lem_domain::derive::Observation;
use lem_domain::sensor::{SamplerCost, SourceVerdict};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;

/// One line of live power.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MonitorRecord {
    /// One interval.
    Interval(IntervalRecord),
    /// The whole time; the last line.
    Total(WholeRecord),
}

/// One interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Number of the interval, from 1.
    pub number: u64,
    /// When it ended, wall time in UTC, RFC 3339; a label.
    pub ended_at: String,
    /// Its length, in seconds.
    pub window_s: f64,
    /// Energy and power by what they cover; boundaries overlap, so totals are never added.
    pub totals: Vec<BoundaryEnergyRecord>,
    /// The best reading of each device within each boundary.
    pub devices: Vec<DeviceEnergyRecord>,
    /// Gauges over the interval.
    pub gauges: Vec<GaugeRecord>,
    /// Devices whose clocks were held down.
    pub throttles: Vec<ThrottleRecord>,
    /// From the beginning to the end of the interval.
    pub so_far: SoFarRecord,
}

/// From the beginning to the end of an interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoFarRecord {
    /// Length, in seconds.
    pub window_s: f64,
    /// Energy and mean power by what they cover.
    pub totals: Vec<BoundaryEnergyRecord>,
}

/// The whole time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Version of the tool.
    pub tool_version: String,
    /// Intervals that were shown.
    pub n_intervals: u64,
    /// When it ended, wall time in UTC, RFC 3339; a label.
    pub ended_at: String,
    /// What was seen of it.
    #[serde(flatten)]
    pub seen: ObservationRecord,
}

impl MonitorRecord {
    /// The document of an interval.
    ///
    /// # Errors
    /// When a figure is no finite number.
    pub fn interval(number: u64, ended_at: SystemTime, interval: &Observation, so_far: &Observation) -> Result<Self, ResultsError> {
        let document = || {
            Ok(IntervalRecord {
                schema_version: SchemaVersion::CURRENT,
                number,
                ended_at: wall_time("ended_at", ended_at)?,
                window_s: finite("window_s", interval.window.span().get())?,
                totals: each("totals", &interval.totals, BoundaryEnergyRecord::of)?,
                devices: each("devices", &interval.devices, DeviceEnergyRecord::of)?,
                gauges: each("gauges", &interval.gauges, GaugeRecord::of)?,
                throttles: interval.throttles.iter().map(ThrottleRecord::from).collect(),
                so_far: SoFarRecord {
                    window_s: finite("so_far.window_s", so_far.window.span().get())?,
                    totals: each("so_far.totals", &so_far.totals, BoundaryEnergyRecord::of)?,
                },
            })
        };
        document().map(Self::Interval).map_err(unrepresentable)
    }

    /// The document of the whole. `known` are findings from before it began.
    ///
    /// # Errors
    /// When a figure is no finite number.
    pub fn total(
        (tool_version, ended_at): (&str, SystemTime),
        n_intervals: u64,
        whole: &Observation,
        (sources, cost): (&[SourceVerdict], SamplerCost),
        known: &[Finding],
    ) -> Result<Self, ResultsError> {
        let document = || {
            Ok(WholeRecord {
                schema_version: SchemaVersion::CURRENT,
                tool_version: tool_version.to_owned(),
                n_intervals,
                ended_at: wall_time("ended_at", ended_at)?,
                seen: ObservationRecord::of(whole, sources, cost, known)?,
            })
        };
        document().map(Self::Total).map_err(unrepresentable)
    }
}

fn unrepresentable(error: FieldError) -> ResultsError {
    ResultsError::unrepresentable(Path::new("monitor"), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::derive::{Terms, observe};
    use lem_domain::impact::Multipliers;
    use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, Stamp};
    use lem_domain::{Boundary, DeviceId, TimeWindow, Timestamp};
    use std::time::Duration;

    /// A board at 200 W, shown as a mean over a second.
    fn seen() -> Observation {
        let descriptor = SensorDescriptor {
            name: "power-average".into(),
            device: DeviceId::new("GPU-1"),
            device_name: "board".into(),
            kind: SensorKind::Power(PowerMeaning::Averaged(Duration::from_secs(1))),
            boundary: Boundary::GpuBoard,
            update_period: Duration::from_millis(100),
            stamp: Stamp::Device,
            interval: Duration::from_millis(50),
            resolution: 0.001,
            gain: Gain { half_width: 0.05, source: "a table".into() },
            source: "a test".into(),
        };
        let at = |tick: u64| Timestamp::from_nanos(tick * 100_000_000);
        let samples = (0..60).map(|tick| SensorSample { sensor: SensorIndex(0), at: at(tick), value: 200.0, read_nanos: 0 }).collect();
        let record = SensorRecord { sensors: vec![descriptor], samples, ..SensorRecord::default() };
        observe(&record, TimeWindow { start: at(10), end: at(30) }, Terms { multipliers: &Multipliers::default(), precision: None })
    }

    #[test]
    fn lines_say_what_they_are_and_read_back() {
        let at = SystemTime::UNIX_EPOCH;
        let interval = MonitorRecord::interval(3, at, &seen(), &seen()).unwrap();
        let total = MonitorRecord::total(("0.1.0", at), 3, &seen(), (&[], SamplerCost::default()), &[]).unwrap();
        for (line, kind) in [(&interval, "interval"), (&total, "total")] {
            let text = serde_json::to_string(line).unwrap();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&json["type"], &json["schema_version"]), (&kind.into(), &SchemaVersion::CURRENT.to_string().into()));
            assert_eq!((&json["window_s"], &json["ended_at"]), (&2.0.into(), &"1970-01-01T00:00:00Z".into()));
            let device = &json["devices"][0];
            assert_eq!((&device["averaging_window_s"], &device["mean_power"]["unit"]), (&1.0.into(), &"W".into()));
            assert!(device["mean_power"]["value"].as_f64().is_some_and(|watts| (watts - 200.0).abs() < 1e-6), "{device}");
            assert_eq!(serde_json::from_str::<MonitorRecord>(&text).unwrap(), *line);
        }
    }
}
