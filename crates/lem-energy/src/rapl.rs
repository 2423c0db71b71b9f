//! Processor and memory by RAPL: perf events where they are permitted, else the powercap tree.
//!
//! Perf comes first because the kernel makes its counter 64 bits wide, so that nothing wraps. Either way the numbers are
//! those of the same registers, so only one of the two is read.

mod counter;
mod domain;
mod perf;
mod perf_event;
mod powercap;

use crate::channel::{Channel, Channels, Round, assumed_gain};
use crate::cpuinfo::{CpuIdentity, CpuInfo};
use crate::machine::Machine;
use crate::profile;
use crate::source::{Preferences, Probe};
use crate::survey::Device;
use counter::{Counter, moving};
use domain::Part;
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{SensorDescriptor, SensorKind, SourceStatus, Stamp};
use lem_domain::spec::EnergySource;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Time between two updates of the registers. Khan et al., "RAPL in Action", ACM TOMPECS 3(2), 2018.
const UPDATE_PERIOD: Duration = Duration::from_millis(1);

/// Reads are at most this far apart, whatever is asked for: packages change their power within milliseconds.
const MAX_INTERVAL: Duration = Duration::from_millis(100);

/// Reads per run through the range of a counter, so that a wrap is never mistaken (MEASUREMENT.md §4).
const READS_PER_WRAP: f64 = 4.0;

/// A way to the same registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Perf,
    Powercap,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Powercap => "powercap",
        }
    }

    fn find(self, machine: &Machine, dies_differ: bool) -> Result<Vec<Counter>, SourceStatus> {
        match self {
            Self::Powercap => powercap::find(machine, dies_differ),
            Self::Perf if machine.is_real() => perf::find(machine, dies_differ),
            // A tree on disk has no kernel behind it that could count.
            Self::Perf => Err(SourceStatus::Absent("perf: only the real machine's kernel is asked".to_owned())),
        }
    }

    /// What to do when the kernel refuses, given how it did.
    fn not_permitted(self, error: &io::Error) -> SourceStatus {
        let fix = match (self, error.raw_os_error()) {
            (Self::Powercap, _) => {
                "run `sudo chmod a+r /sys/class/powercap/*/energy_uj` (lost at reboot), or for good a udev rule: \
                 `SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+r /sys/%p/energy_uj\"`"
            }
            // A container's filter of system calls answers EPERM; the kernel's own setting answers EACCES.
            (Self::Perf, Some(libc::EPERM)) => "start the container with `--cap-add PERFMON`",
            (Self::Perf, _) => "run `sudo sysctl kernel.perf_event_paranoid=0`, or `sudo setcap cap_perfmon=ep` on the `lem` binary",
        };
        SourceStatus::NotPermitted { reason: format!("{}: {error}", self.name()), fix: fix.to_owned() }
    }
}

/// Looks for counters that may be read and that move.
pub(crate) fn probe(machine: &Machine, preferences: &Preferences) -> Probe {
    let info = CpuInfo::read(&machine.path("proc")).unwrap_or_default();
    let mut refused = Vec::new();
    let mut known = Vec::new();
    for way in [Way::Perf, Way::Powercap] {
        let usable = way.find(machine, dies_differ(&info)).and_then(|counters| {
            known.clone_from(&counters);
            usable(way, counters)
        });
        match usable {
            Ok(usable) => return working(way, usable, &refused, &info, preferences),
            Err(status) => refused.push(status),
        }
    }
    let status = verdict(&refused, &info);
    let devices = group(known).into_keys().map(|part| Device { problem: Some(status.reason().to_owned()), ..device(part, None, &info) });
    Probe { devices: devices.collect(), ..Probe::without(status) }
}

/// Intel's multi-die packages have counters per die. On AMD each die shows its whole package, and adding them counts a
/// Threadripper or an EPYC several times over.
fn dies_differ(info: &CpuInfo) -> bool {
    matches!(&info.identity, Some(CpuIdentity::X86 { vendor, .. }) if vendor == "GenuineIntel")
}

/// What is left of the counters of one way.
struct Usable {
    counters: Vec<Counter>,
    /// Why others are not read.
    left_out: Vec<(Part, String, String)>,
}

/// Opens every counter and keeps those that move.
fn usable(way: Way, counters: Vec<Counter>) -> Result<Usable, SourceStatus> {
    let (mut opened, mut values, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut denied = None;
    for counter in counters {
        match counter.access.open() {
            Ok(value) => {
                opened.push(counter);
                values.push(value);
            }
            Err(error) => {
                left_out.push((counter.part, counter.domain.sensor().to_owned(), format!("cannot be read: {error}")));
                denied = denied.or_else(|| (error.kind() == io::ErrorKind::PermissionDenied).then_some(error));
            }
        }
    }
    let mut counters = Vec::new();
    for (counter, moves) in opened.into_iter().zip(moving(&values)) {
        if moves {
            counters.push(counter);
        } else {
            left_out.push((counter.part, counter.domain.sensor().to_owned(), "the counter does not advance".to_owned()));
        }
    }
    match (counters.is_empty(), denied) {
        (false, _) => Ok(Usable { counters, left_out }),
        (true, Some(error)) => Err(way.not_permitted(&error)),
        (true, None) => {
            let reason = left_out.first().map_or("no counter", |(_, _, reason)| reason.as_str());
            Err(SourceStatus::Broken(format!("{}: {reason}", way.name())))
        }
    }
}

/// One verdict of two: what can be permitted comes before what is broken, and that before what is not there.
fn verdict(refused: &[SourceStatus], info: &CpuInfo) -> SourceStatus {
    let join = |parts: Vec<&str>, between| parts.join(between);
    let reasons =
        |wanted: fn(&SourceStatus) -> bool| join(refused.iter().filter(|status| wanted(status)).map(SourceStatus::reason).collect(), "; ");
    let fixes: Vec<&str> = refused
        .iter()
        .filter_map(|status| match status {
            SourceStatus::NotPermitted { fix, .. } => Some(fix.as_str()),
            _ => None,
        })
        .collect();
    if !fixes.is_empty() {
        return SourceStatus::NotPermitted {
            reason: reasons(|status| matches!(status, SourceStatus::NotPermitted { .. })),
            fix: join(fixes, "; or "),
        };
    }
    if refused.iter().any(|status| matches!(status, SourceStatus::Broken(_))) {
        return SourceStatus::Broken(reasons(|status| matches!(status, SourceStatus::Broken(_))) + guest(info));
    }
    SourceStatus::Absent(reasons(|_| true) + guest(info))
}

fn guest(info: &CpuInfo) -> &'static str {
    if info.hypervisor == Some(true) { "; this is a virtual machine, which sees no energy unless its host passes it on" } else { "" }
}

fn group(counters: Vec<Counter>) -> BTreeMap<Part, Vec<Counter>> {
    let mut parts: BTreeMap<Part, Vec<Counter>> = BTreeMap::new();
    for counter in counters {
        parts.entry(counter.part).or_default().push(counter);
    }
    parts
}

fn working(way: Way, usable: Usable, refused: &[SourceStatus], info: &CpuInfo, preferences: &Preferences) -> Probe {
    let (mut devices, mut readers) = (Vec::new(), Vec::new());
    for (part, counters) in group(usable.counters) {
        let mut device = device(part, Some(way), info);
        device.facts.extend(
            counters.iter().find_map(|counter| counter.limit).map(|limit| ("power limit".to_owned(), format!("{} W", limit.get()))),
        );
        device.facts.extend(refused.iter().map(|status| ("not used".to_owned(), status.reason().to_owned())));
        let left_out = usable.left_out.iter().filter(|(of, ..)| *of == part);
        device.facts.extend(left_out.map(|(_, sensor, reason)| (sensor.clone(), reason.clone())));
        // All counters of a device are read in one round, as often as the most hurried of them needs.
        let longest_gap = counters.iter().map(longest_gap).min().unwrap_or(MAX_INTERVAL);
        let interval = preferences.interval(None).min(longest_gap);
        let channels: Vec<Channel> = counters.into_iter().map(|counter| channel(counter, &device, interval, preferences)).collect();
        device.sensors = channels.iter().map(|channel| channel.descriptor.clone()).collect();
        devices.push(device);
        readers.push(Round { channels, longest_gap: Some(longest_gap) });
    }
    Probe { status: SourceStatus::Works, source: Some(Box::new(Channels(readers))), devices, findings: Vec::new() }
}

fn device(part: Part, way: Option<Way>, info: &CpuInfo) -> Device {
    let processor = info.model_name.as_deref().unwrap_or("processor");
    let name = part.name(processor);
    Device {
        id: part.id(),
        source: EnergySource::Rapl,
        index: Some(part.index()),
        visible: true,
        key: ProfileKey {
            board: name.clone(),
            driver: way.map_or("rapl", Way::name).to_owned(),
            firmware: info.microcode.as_ref().map(|revision| format!("microcode {revision}")).unwrap_or_default(),
        },
        name,
        facts: way.map(|way| ("read through".to_owned(), way.name().to_owned())).into_iter().collect(),
        sensors: Vec::new(),
        problem: None,
        parts: Vec::new(),
    }
}

fn channel(counter: Counter, device: &Device, interval: Duration, preferences: &Preferences) -> Channel {
    let mut descriptor = SensorDescriptor {
        name: counter.domain.sensor().to_owned(),
        device: device.id.clone(),
        device_name: device.name.clone(),
        kind: SensorKind::EnergyCounter(counter.range),
        boundary: counter.domain.boundary(),
        update_period: UPDATE_PERIOD,
        stamp: Stamp::Read,
        interval,
        resolution: counter.resolution.get(),
        gain: assumed_gain(),
        source: counter.source,
    };
    if let Some(profile) = preferences.profile(&device.key) {
        profile::apply(&mut descriptor, profile);
    }
    let access = counter.access;
    Channel { descriptor, path: access.path().to_owned(), open: Box::new(move || access.open()) }
}

/// The longest time between two reads over which the counter can be followed.
fn longest_gap(counter: &Counter) -> Duration {
    let wrap = counter.range.wraps_at.map(|range| range.get() / counter.range.plausible_power.get() / READS_PER_WRAP);
    let quarter = wrap.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|quarter| !quarter.is_zero());
    quarter.map_or(MAX_INTERVAL, |quarter| quarter.min(MAX_INTERVAL))
}

#[cfg(test)]
mod tests;
