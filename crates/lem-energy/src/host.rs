//! The environment of a run: what about this host can change its energy and its speed.
//!
//! No host name, no user name and no environment variable is read: a result is shared, and those say who and, at worst,
//! carry secrets.

mod cgroup;
mod cpu;

use lem_domain::Clock;
use lem_domain::units::Bytes;
use serde::Serialize;
use std::path::Path;
use std::time::UNIX_EPOCH;

pub use cpu::CpuEnvironment;

/// The host as it was at one moment. What cannot be found out is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostEnvironment {
    /// When it was looked at, in seconds since 1970-01-01T00:00:00Z; a label.
    pub taken_at_unix_s: Option<u64>,
    /// Instruction set that this program was built for, such as `x86_64`.
    pub architecture: &'static str,
    /// Release of the kernel.
    pub kernel_release: Option<String>,
    /// Name and version of the operating system or, inside a container, of its image.
    pub operating_system: Option<String>,
    /// Processor.
    pub cpu: CpuEnvironment,
    /// Memory that the kernel manages, in bytes.
    pub memory_total_bytes: Option<u64>,
    /// Memory that programs could still take without anything being swapped out, in bytes.
    pub memory_available_bytes: Option<u64>,
    /// Mean number of runnable tasks over the last minute: other work shows here before the run starts.
    pub load_average_1m: Option<f64>,
    /// Kind of container the program runs in, such as `docker`; `None` where no sign of one was found.
    pub container: Option<String>,
    /// Hardware threads' worth of processor time that the control group allows; `None` where it sets no limit.
    pub cgroup_cpu_quota_threads: Option<f64>,
    /// Memory that the control group allows, in bytes; `None` where it sets no limit.
    pub cgroup_memory_limit_bytes: Option<u64>,
    /// What the kernel tells time by, such as `tsc`.
    pub clock_source: Option<String>,
    /// Who may count events of the processor: from −1, everybody, upwards.
    pub perf_event_paranoid: Option<i32>,
}

/// Looks at the host through the files below `root`, which is `/` except in tests. What cannot be read is left out.
#[must_use]
pub fn snapshot(root: &Path, clock: &dyn Clock) -> HostEnvironment {
    HostEnvironment {
        taken_at_unix_s: clock.wall().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
        architecture: std::env::consts::ARCH,
        kernel_release: read_line(&root.join("proc/sys/kernel/osrelease")),
        operating_system: operating_system(root),
        cpu: cpu::look(root),
        memory_total_bytes: memory(root, "MemTotal:").map(Bytes::get),
        memory_available_bytes: memory(root, "MemAvailable:").map(Bytes::get),
        load_average_1m: read_line(&root.join("proc/loadavg")).and_then(|line| line.split(' ').next()?.parse().ok()),
        container: cgroup::container(root),
        cgroup_cpu_quota_threads: cgroup::cpu_quota(root),
        cgroup_memory_limit_bytes: cgroup::memory_limit(root),
        clock_source: read_line(&root.join("sys/devices/system/clocksource/clocksource0/current_clocksource")),
        perf_event_paranoid: read_line(&root.join("proc/sys/kernel/perf_event_paranoid")).and_then(|line| line.parse().ok()),
    }
}

/// The content of a file of one line, without its end; `None` when it cannot be read or is empty.
fn read_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// `PRETTY_NAME` of os-release(5), whose second place holds when the first is missing.
fn operating_system(root: &Path) -> Option<String> {
    let text = ["etc/os-release", "usr/lib/os-release"].iter().find_map(|path| std::fs::read_to_string(root.join(path)).ok())?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches(['"', '\'']).to_owned())
}

fn memory(root: &Path, field: &str) -> Option<Bytes> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let size = text.lines().find_map(|line| line.strip_prefix(field))?;
    size.trim().strip_suffix("kB")?.trim_end().parse().ok().map(Bytes::from_kibibytes)
}

#[cfg(test)]
mod tests;
