//! What is shown of devices and sensors: the one shape behind the tree and the JSON.

use lem_domain::sensor::{Gauge, PowerMeaning, SensorDescriptor, SensorKind};
use lem_energy::{Device, Survey};
use lem_results::record::document::{SourceRecord, SourceStatusRecord};
use serde::Serialize;

/// What `lem devices --json` prints. Absent is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What each source said, in the form of records.
    pub(crate) sources: Vec<SourceRecord>,
    /// The devices.
    pub(crate) devices: Vec<DeviceReport>,
}

/// One device.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceReport {
    /// A UUID where it has one.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// Which source reads it.
    pub(crate) source: &'static str,
    /// Its number in the source's own order.
    pub(crate) index: Option<u32>,
    /// Whether programs started from here would see it.
    pub(crate) visible: bool,
    /// In the order that its source tells them; a name may come twice.
    pub(crate) facts: Vec<Fact>,
    /// What can be read of it.
    pub(crate) sensors: Vec<SensorReport>,
    /// Why it cannot be read, when it cannot.
    pub(crate) problem: Option<String>,
    /// Parts of it.
    pub(crate) parts: Vec<DeviceReport>,
}

/// A property of a device.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    /// What.
    pub(crate) name: String,
    /// How much or which.
    pub(crate) value: String,
}

/// One sensor.
#[derive(Debug, Serialize)]
pub(crate) struct SensorReport {
    /// Its name below the device.
    pub(crate) name: String,
    /// The quantity that it shows.
    pub(crate) shows: &'static str,
    /// The unit of that; empty for a share, and for a set of bits.
    pub(crate) unit: &'static str,
    /// What it covers.
    pub(crate) boundary: &'static str,
    /// How often the value changes, in seconds; null when it is continuous.
    pub(crate) update_period_s: Option<f64>,
    /// Length of the trailing mean that a power is, in seconds; null for anything else.
    pub(crate) averaging_window_s: Option<f64>,
    /// Half-width of the bound on the gain, relative; null for a gauge, of which no energy comes.
    pub(crate) gain_half_width_ratio: Option<f64>,
    /// Table, meter or assumption behind that bound; null for a gauge.
    pub(crate) gain_source: Option<String>,
    /// How it is read.
    pub(crate) read_by: String,
}

impl Report {
    /// Of everything that was found.
    pub(crate) fn of(survey: &Survey) -> Self {
        Self {
            sources: survey.verdicts.iter().map(SourceRecord::from).collect(),
            devices: survey.devices.iter().map(DeviceReport::of).collect(),
        }
    }
}

impl DeviceReport {
    fn of(device: &Device) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name.clone(),
            source: device.source.as_str(),
            index: device.index,
            visible: device.visible,
            facts: device.facts.iter().map(|(name, value)| Fact { name: name.clone(), value: value.clone() }).collect(),
            sensors: device.sensors.iter().map(SensorReport::of).collect(),
            problem: device.problem.clone(),
            parts: device.parts.iter().map(Self::of).collect(),
        }
    }
}

impl SensorReport {
    fn of(sensor: &SensorDescriptor) -> Self {
        let (shows, unit) = shows(sensor.kind);
        let is_gauge = !sensor.tells_energy();
        Self {
            name: sensor.name.clone(),
            shows,
            unit,
            boundary: sensor.boundary.as_str(),
            update_period_s: (!sensor.update_period.is_zero()).then_some(sensor.update_period.as_secs_f64()),
            averaging_window_s: match sensor.kind {
                SensorKind::Power(PowerMeaning::Averaged(over)) => Some(over.as_secs_f64()),
                _ => None,
            },
            gain_half_width_ratio: (!is_gauge).then_some(sensor.gain.half_width),
            gain_source: (!is_gauge).then(|| sensor.gain.source.clone()),
            read_by: sensor.source.clone(),
        }
    }
}

fn shows(kind: SensorKind) -> (&'static str, &'static str) {
    match kind {
        SensorKind::EnergyCounter(_) => ("energy", "J"),
        SensorKind::Power(PowerMeaning::Instant) => ("power", "W"),
        SensorKind::Power(PowerMeaning::Averaged(_)) => ("mean power", "W"),
        SensorKind::BusyTime(_) => ("busy time", "thread-seconds"),
        SensorKind::Gauge(Gauge::Temperature) => ("temperature", "°C"),
        SensorKind::Gauge(Gauge::Frequency) => ("frequency", "Hz"),
        SensorKind::Gauge(Gauge::Share) => ("share", ""),
        SensorKind::Gauge(Gauge::PowerLimit) => ("power limit", "W"),
        SensorKind::Gauge(Gauge::ThrottleReasons) => ("throttle reasons", ""),
    }
}

/// Why a source gives nothing; `None` when it works.
pub(super) fn refusal(source: &SourceRecord) -> Option<(&str, Option<&str>)> {
    match &source.verdict {
        SourceStatusRecord::Works => None,
        SourceStatusRecord::Broken { reason } | SourceStatusRecord::Absent { reason } => Some((reason, None)),
        SourceStatusRecord::NotPermitted { reason, fix } => Some((reason, Some(fix))),
        SourceStatusRecord::NotAsked => Some(("not asked", None)),
    }
}
