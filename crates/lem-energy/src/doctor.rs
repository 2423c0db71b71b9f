//! What stands between this machine and good figures: one check per thing, each with its exact remedy.
//!
//! Everything here is a function of what was found already: nothing is asked of the machine, and nothing is changed on it.

mod host;

use crate::host::HostEnvironment;
use crate::survey::{Device, Survey};
use lem_domain::sensor::{SourceStatus, SourceVerdict};
use lem_domain::spec::EnergySource;
use lem_domain::{Finding, Severity};
use serde::Serialize;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// Figures get worse by it.
    Warn,
    /// Something is there and cannot be used.
    Fail,
    /// What would be checked is not there, or nothing tells of it.
    Absent,
}

impl CheckStatus {
    /// The status as shown and written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Absent => "absent",
        }
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name: a source, the code of a finding, or a property of the host such as `cpu_governor`.
    pub name: String,
    /// How it came out.
    pub status: CheckStatus,
    /// What was found, with the figures.
    pub found: String,
    /// What to type or to do, where something helps.
    pub fix: Option<String>,
}

impl Check {
    /// A check without a remedy.
    #[must_use]
    pub fn new(name: impl Into<String>, status: CheckStatus, found: impl Into<String>) -> Self {
        Self { name: name.into(), status, found: found.into(), fix: None }
    }

    /// The same with what helps.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

/// Checks sensors first, then what else changes energy and time on the host.
#[must_use]
pub fn examine(survey: &Survey, host: &HostEnvironment) -> Vec<Check> {
    let mut checks: Vec<Check> = survey.verdicts.iter().map(|verdict| source(verdict, &survey.devices)).collect();
    // What is only worth knowing is told by a check of its own below: a virtual machine, a container.
    checks.extend(survey.findings.iter().filter(|finding| finding.severity > Severity::Info).map(finding));
    checks.push(persistence_mode(&survey.devices));
    let rapl = survey.verdicts.iter().find(|verdict| verdict.source == EnergySource::Rapl.as_str());
    checks.push(perf_event_paranoid(rapl.map(|verdict| &verdict.status), host.perf_event_paranoid));
    checks.extend(host::examine(host));
    checks
}

fn source(verdict: &SourceVerdict, devices: &[Device]) -> Check {
    let check = |status, found: &str| Check::new(&verdict.source, status, found);
    match &verdict.status {
        SourceStatus::Works => check(CheckStatus::Ok, &readable(&verdict.source, devices)),
        SourceStatus::Broken(reason) => check(CheckStatus::Fail, reason),
        SourceStatus::NotPermitted { reason, fix } => check(CheckStatus::Fail, reason).with_fix(fix),
        SourceStatus::Absent(reason) => check(CheckStatus::Absent, reason),
        SourceStatus::NotAsked => check(CheckStatus::Absent, "not asked"),
    }
}

/// What a source that works gives: how many devices, and which sensors an energy comes of.
fn readable(source: &str, devices: &[Device]) -> String {
    let of_source: Vec<&Device> = devices.iter().filter(|device| device.source.as_str() == source).collect();
    let sensors = |device: &Device| device.sensors.iter().filter(|sensor| sensor.tells_energy()).count();
    let n_readable = of_source.iter().filter(|device| sensors(device) > 0).count();
    let mut names: Vec<&str> = Vec::new();
    for sensor in of_source.iter().flat_map(|device| &device.sensors).filter(|sensor| sensor.tells_energy()) {
        if !names.contains(&sensor.name.as_str()) {
            names.push(&sensor.name);
        }
    }
    let devices = if n_readable == 1 { "device" } else { "devices" };
    let n_hidden = of_source.iter().filter(|device| !device.visible).count();
    let hidden = if n_hidden > 0 { format!("; {n_hidden} hidden from programs") } else { String::new() };
    format!("{n_readable} {devices} with {}{hidden}", names.join(", "))
}

fn finding(finding: &Finding) -> Check {
    let check = Check::new(finding.code.as_str(), CheckStatus::Warn, &finding.message);
    match &finding.hint {
        Some(hint) => check.with_fix(hint),
        None => check,
    }
}

/// Without persistence mode the driver lets go of an idle board: the first program pays for waking it, and idle power is
/// that of another state. NVIDIA, "Driver Persistence".
fn persistence_mode(devices: &[Device]) -> Check {
    const NAME: &str = "persistence_mode";
    let mode = |device: &Device| device.facts.iter().find(|(name, _)| name == "persistence mode").map(|(_, mode)| mode.clone());
    let boards: Vec<_> = devices.iter().filter(|device| device.visible).filter_map(|device| Some((device.index?, mode(device)?))).collect();
    if boards.is_empty() {
        return Check::new(NAME, CheckStatus::Absent, "no board that has it");
    }
    let off: Vec<String> = boards.iter().filter(|(_, mode)| mode == "off").map(|(index, _)| index.to_string()).collect();
    if off.is_empty() {
        return Check::new(NAME, CheckStatus::Ok, format!("on ({} of {0} visible boards)", boards.len()));
    }
    let found =
        format!("off on board {}: the driver unloads a board that nothing uses, which moves idle power and load time", off.join(", "));
    Check::new(NAME, CheckStatus::Warn, found).with_fix(format!("sudo nvidia-smi -i {} -pm 1", off.join(",")))
}

/// The setting matters as far as RAPL would be read through perf. `perf_event_open(2)`: counting a whole processor needs 0
/// or less, or `CAP_PERFMON`.
fn perf_event_paranoid(rapl: Option<&SourceStatus>, setting: Option<i32>) -> Check {
    const NAME: &str = "perf_event_paranoid";
    let Some(setting) = setting else { return Check::new(NAME, CheckStatus::Absent, "the kernel has no such setting") };
    match rapl {
        Some(SourceStatus::NotPermitted { .. }) if setting > 0 => {
            let found = format!("{setting}: only root may count the energy of a processor through perf");
            Check::new(NAME, CheckStatus::Warn, found).with_fix("sudo sysctl kernel.perf_event_paranoid=0")
        }
        Some(SourceStatus::Works) => Check::new(NAME, CheckStatus::Ok, format!("{setting}; RAPL can be read")),
        _ => Check::new(NAME, CheckStatus::Ok, format!("{setting}; it keeps no RAPL counter from being read")),
    }
}

#[cfg(test)]
mod tests;
