//! What `lem measure` writes: the energy of a program that ran.

use super::ObservationRecord;
use crate::error::ResultsError;
use crate::record::field::wall_time;
use crate::record::{FieldError, SchemaVersion};
use lem_domain::Finding;
use lem_domain::derive::Observation;
use lem_domain::sensor::{SamplerCost, SourceVerdict};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;

/// The energy of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasurementRecord {
    /// Version of this document.
    pub schema_version: SchemaVersion,
    /// Version of the tool.
    pub tool_version: String,
    /// The program.
    pub program: ProgramRecord,
    /// When it was started, wall time in UTC, RFC 3339; a label.
    pub started_at: String,
    /// What was seen from its start to its end.
    #[serde(flatten)]
    pub seen: ObservationRecord,
}

/// What was run, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// Name and arguments, as they were given, but for what may be a key.
    pub command: Vec<String>,
    /// How it ended.
    pub end: ProgramEndRecord,
    /// Processor time of the program, and of those it started and waited for, outside the kernel, in seconds; null where the
    /// platform does not tell.
    pub user_cpu_s: Option<f64>,
    /// The same inside the kernel.
    pub system_cpu_s: Option<f64>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ProgramEndRecord {
    /// By itself.
    Exited {
        /// With this code.
        code: i32,
    },
    /// By a signal.
    Killed {
        /// Of this number.
        signal: i32,
    },
}

impl MeasurementRecord {
    /// The document of what was seen of a program. `known` are findings from before it ran.
    ///
    /// # Errors
    /// When a figure is no finite number.
    pub fn of(
        (tool_version, started_at): (&str, SystemTime),
        program: ProgramRecord,
        observation: &Observation,
        (sources, cost): (&[SourceVerdict], SamplerCost),
        known: &[Finding],
    ) -> Result<Self, ResultsError> {
        let document = || {
            Ok(Self {
                schema_version: SchemaVersion::CURRENT,
                tool_version: tool_version.to_owned(),
                program,
                started_at: wall_time("started_at", started_at)?,
                seen: ObservationRecord::of(observation, sources, cost, known)?,
            })
        };
        document().map_err(|error: FieldError| ResultsError::unrepresentable(Path::new("measurement"), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::derive::{Terms, observe};
    use lem_domain::impact::Multipliers;
    use lem_domain::sensor::{SensorRecord, SourceStatus};
    use lem_domain::{TimeWindow, Timestamp};

    #[test]
    fn a_program_without_a_sensor_is_recorded_with_the_reason_and_reads_back() {
        let absent = SourceVerdict { source: "nvml".into(), status: SourceStatus::Absent("no driver".into()) };
        let record = SensorRecord { sources: vec![absent], ..SensorRecord::default() };
        let window = TimeWindow { start: Timestamp::from_nanos(0), end: Timestamp::from_nanos(1_500_000_000) };
        let observation = observe(&record, window, Terms { multipliers: &Multipliers::default(), precision: None });
        let end = ProgramEndRecord::Killed { signal: 15 };
        let program = ProgramRecord { command: vec!["sleep".into(), "9".into()], end, user_cpu_s: Some(0.25), system_cpu_s: None };
        let started = SystemTime::UNIX_EPOCH;
        let session = (&record.sources[..], SamplerCost::default());
        let document = MeasurementRecord::of(("0.1.0", started), program, &observation, session, &[]).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["program"]["end"]["type"], &json["program"]["end"]["signal"]), (&"killed".into(), &15.into()));
        assert_eq!((&json["window_s"], &json["totals"]), (&1.5.into(), &serde_json::json!([])));
        assert_eq!(
            (&json["findings"][0]["code"], &json["program"]["system_cpu_s"]),
            (&"energy-unavailable".into(), &serde_json::Value::Null)
        );
        assert_eq!(serde_json::from_str::<MeasurementRecord>(&text).unwrap(), document);
    }
}
