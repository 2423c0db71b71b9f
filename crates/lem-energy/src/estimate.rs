//! The processor estimate: busy time times watts per thread, when nothing measures (MEASUREMENT.md §4).

mod busy_time;
mod power_table;
mod rows;

use crate::EnergyError;
use crate::cpuinfo::CpuInfo;
use crate::machine::Machine;
use crate::source::{Preferences, Probe, Reader, Reading, Source, UNMEASURED_INTERVAL};
use crate::survey::Device;
use busy_time::BusyTime;
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{Gain, SensorDescriptor, SensorKind, SourceStatus, Stamp, ThreadPower};
use lem_domain::spec::EnergySource;
use lem_domain::{DeviceId, Finding, FindingCode, Severity, Timestamp};
use power_table::Basis;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Looks for what the estimate needs.
pub(crate) fn probe(machine: &Machine, preferences: &Preferences) -> Probe {
    match ProcessorEstimate::probe(&machine.path("proc"), preferences) {
        Err(error) => Probe::without(verdict(&error)),
        Ok(estimate) => {
            let descriptor = estimate.descriptor.clone();
            let device = Device {
                id: descriptor.device.clone(),
                name: descriptor.device_name.clone(),
                source: EnergySource::Estimate,
                index: None,
                visible: true,
                key: ProfileKey { board: descriptor.device_name.clone(), driver: "estimate".to_owned(), firmware: String::new() },
                facts: Vec::new(),
                sensors: vec![descriptor],
                problem: None,
                parts: Vec::new(),
            };
            let findings = estimate.findings().to_vec();
            Probe { status: SourceStatus::Works, source: Some(Box::new(estimate)), devices: vec![device], findings }
        }
    }
}

/// Why the estimate is not used.
fn verdict(error: &EnergyError) -> SourceStatus {
    let EnergyError::Unreadable { source, .. } = error else { return SourceStatus::Broken(error.to_string()) };
    let reason = format!("{error}: {source}");
    match source.kind() {
        io::ErrorKind::NotFound => SourceStatus::Absent(reason),
        io::ErrorKind::PermissionDenied => SourceStatus::NotPermitted { reason, fix: error.hint() },
        _ => SourceStatus::Broken(reason),
    }
}

/// The estimate as this machine allows it.
#[derive(Debug)]
pub(crate) struct ProcessorEstimate {
    proc: PathBuf,
    descriptor: SensorDescriptor,
    findings: Vec<Finding>,
}

impl ProcessorEstimate {
    /// Looks at `stat` and `cpuinfo` below a `proc` folder and chooses the watts per thread.
    ///
    /// # Errors
    /// When `stat` cannot be read or names no thread. An unreadable `cpuinfo` only leads to the generic row.
    pub(crate) fn probe(proc: &Path, preferences: &Preferences) -> Result<Self, EnergyError> {
        let busy = BusyTime::open(proc)?;
        let info = CpuInfo::read(proc).unwrap_or_default();
        let shared = info.hypervisor == Some(true);
        let basis = power_table::basis(info.identity.as_ref(), preferences.cpu_power);
        let descriptor = SensorDescriptor { interval: preferences.interval(None), ..describe(&busy, &info, &basis, shared) };
        Ok(Self { proc: proc.to_owned(), findings: findings(&info, &basis, shared), descriptor })
    }

    /// What a reader of every figure from this estimate must know.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Source for ProcessorEstimate {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError> {
        let busy = BusyTime::open(&self.proc)?;
        Ok(vec![Box::new(BusyReader { descriptor: self.descriptor.clone(), busy })])
    }
}

struct BusyReader {
    descriptor: SensorDescriptor,
    busy: BusyTime,
}

impl Reader for BusyReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        std::slice::from_ref(&self.descriptor)
    }

    fn read(&mut self, _now: Timestamp, slots: &mut [Option<Reading>]) {
        slots[0] = self.busy.read().ok().map(|busy| Reading { value: busy.get(), at: None });
    }
}

fn describe(busy: &BusyTime, info: &CpuInfo, basis: &Basis, shared: bool) -> SensorDescriptor {
    let share = if shared { ", this virtual machine's share by busy time" } else { "" };
    let name = info.model_name.as_deref().unwrap_or("processor");
    let tick = busy.tick();
    SensorDescriptor {
        name: "busy-time".to_owned(),
        // All sockets are one device: /proc/stat is read once and its sum covers them.
        device: DeviceId::new("processor"),
        device_name: format!("{name}{share}"),
        kind: SensorKind::BusyTime(ThreadPower { threads: busy.threads(), idle: basis.idle, max: basis.max }),
        boundary: basis.boundary,
        update_period: tick,
        stamp: Stamp::Read,
        interval: UNMEASURED_INTERVAL,
        resolution: resolution_of_sum(tick, busy.threads()),
        gain: Gain { half_width: basis.half_width, source: basis.source.clone() },
        source: format!(
            "busy time of {} threads in /proc/stat × {} to {} W per thread{share}; {}",
            busy.threads(),
            basis.idle.get(),
            basis.max.get(),
            basis.source
        ),
    }
}

/// One thread's busy time is rounded to a tick, uniformly; the variances of independent roundings add, so the sum
/// over n threads behaves like one value of resolution tick × √n. In thread-seconds.
fn resolution_of_sum(tick: Duration, threads: u32) -> f64 {
    tick.as_secs_f64() * f64::from(threads).sqrt()
}

fn findings(info: &CpuInfo, basis: &Basis, shared: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if basis.generic {
        let name = info.model_name.as_deref().unwrap_or("this processor");
        findings.push(
            Finding::new(
                FindingCode::GenericPowerRow,
                Severity::Warning,
                format!("{name} is in no table: {} to {} W per thread is a mean over servers", basis.idle.get(), basis.max.get()),
            )
            .with_hint("set `energy.cpu.idle_power_per_thread` and `energy.cpu.max_power_per_thread` for this processor"),
        );
    }
    if shared {
        findings.push(Finding::new(
            FindingCode::VmShare,
            Severity::Info,
            "this is a virtual machine: the energy is its share of the processor by its own busy time",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::spec::CpuPowerOverride;
    use lem_domain::units::Watts;
    use std::fs;

    const STAT: &str = "cpu  10 0 0 0 0 0 0 0 0 0\ncpu0 5 0 0 0 0 0 0 0 0 0\ncpu1 5 0 0 0 0 0 0 0 0 0\nintr 1\n";

    fn cpuinfo(vendor: &str, family: u32, model: u32, flags: &str) -> String {
        format!(
            "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: Test CPU\n\
             stepping\t: 1\nflags\t\t: fpu {flags}\n"
        )
    }

    fn estimate(cpuinfo: Option<&str>, cpu_power: Option<CpuPowerOverride>) -> ProcessorEstimate {
        let proc = tempfile::tempdir().expect("a folder");
        fs::write(proc.path().join("stat"), STAT).expect("written");
        if let Some(text) = cpuinfo {
            fs::write(proc.path().join("cpuinfo"), text).expect("written");
        }
        ProcessorEstimate::probe(proc.path(), &Preferences { cpu_power, ..Preferences::default() }).expect("usable")
    }

    fn codes(estimate: &ProcessorEstimate) -> Vec<FindingCode> {
        estimate.findings().iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_known_processor_gets_its_row_and_fifty_per_cent() {
        let estimate = estimate(Some(&cpuinfo("AuthenticAMD", 25, 1, "")), None);
        assert_eq!(codes(&estimate), []);
        assert!((estimate.descriptor.gain.half_width - 0.5).abs() < 1e-12);
        assert!(estimate.descriptor.gain.source.contains("EPYC 3rd Gen"), "{}", estimate.descriptor.gain.source);
        assert_eq!(estimate.descriptor.device_name, "Test CPU");
    }

    #[test]
    fn an_unknown_or_unreadable_processor_gets_the_generic_row_and_says_so() {
        for text in [Some(cpuinfo("GenuineIntel", 6, 250, "")), None] {
            let estimate = estimate(text.as_deref(), None);
            assert_eq!(codes(&estimate), [FindingCode::GenericPowerRow]);
            assert!((estimate.descriptor.gain.half_width - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn under_a_hypervisor_the_figure_is_called_a_share() {
        let estimate = estimate(Some(&cpuinfo("AuthenticAMD", 25, 1, "hypervisor")), None);
        assert_eq!(codes(&estimate), [FindingCode::VmShare]);
        assert!(estimate.descriptor.source.contains("virtual machine's share"));
        assert!(estimate.descriptor.device_name.contains("virtual machine's share"));
    }

    #[test]
    fn the_users_watts_replace_the_row_and_the_generic_finding() {
        let watts = CpuPowerOverride { idle: Watts::new(1.5), max: Watts::new(6.0) };
        let estimate = estimate(None, Some(watts));
        assert_eq!(codes(&estimate), []);
        assert_eq!(estimate.descriptor.kind, SensorKind::BusyTime(ThreadPower { threads: 2, idle: watts.idle, max: watts.max }));
        assert!(estimate.descriptor.gain.source.contains("configuration"));
    }

    #[test]
    fn roundings_of_many_threads_add_like_noise() {
        assert!((resolution_of_sum(Duration::from_millis(10), 64) - 0.08).abs() < 1e-12);
    }

    #[test]
    fn without_stat_there_is_no_estimate() {
        let proc = tempfile::tempdir().expect("a folder");
        let error = ProcessorEstimate::probe(proc.path(), &Preferences::default()).expect_err("no stat");
        assert!(matches!(error, EnergyError::Unreadable { ref path, .. } if path.ends_with("stat")), "{error:?}");
        fs::write(proc.path().join("stat"), "intr 1\n").expect("written");
        let error = ProcessorEstimate::probe(proc.path(), &Preferences::default()).expect_err("no thread");
        assert!(matches!(error, EnergyError::Malformed { .. }), "{error:?}");
    }
}
