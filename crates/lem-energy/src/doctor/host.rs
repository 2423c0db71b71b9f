//! Checks of the host: its processor, its limits, its clock, its neighbours.

use super::{Check, CheckStatus};
use crate::host::{CpuEnvironment, HostEnvironment};
use lem_domain::units::Bytes;

/// Clock sources whose every reading is a slow access to hardware and a system call: no vDSO of Linux reads them.
const SLOW_CLOCKS: [&str; 5] = ["hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"];

/// The smallest model that is worth a figure takes about half of this with its cache and its tokenizer.
const LEAST_MEMORY: Bytes = Bytes::new(1 << 30);

/// Every check that needs the host alone.
pub(super) fn examine(host: &HostEnvironment) -> Vec<Check> {
    vec![
        cpu_governor(&host.cpu),
        turbo(&host.cpu),
        smt(&host.cpu),
        virtual_machine(&host.cpu),
        container(host),
        cpu_limit(host),
        memory_limit(host),
        memory_available(host),
        clock_source(host),
        spare_cores(host),
    ]
}

fn cpu_governor(cpu: &CpuEnvironment) -> Check {
    const NAME: &str = "cpu_governor";
    match cpu.governors.as_deref() {
        None => Check::new(NAME, CheckStatus::Absent, "no governor is shown, as in most virtual machines"),
        Some([governor]) if governor == "performance" => Check::new(NAME, CheckStatus::Ok, "performance"),
        Some(governors) => {
            let found = format!("{}: frequencies follow the load, so short runs differ from long ones", governors.join(", "));
            Check::new(NAME, CheckStatus::Warn, found).with_fix("sudo cpupower frequency-set -g performance")
        }
    }
}

/// Neither state is wrong: users run with it, and runs without it repeat better.
fn turbo(cpu: &CpuEnvironment) -> Check {
    let (status, found) = match cpu.boost_enabled {
        None => (CheckStatus::Absent, "no switch is shown"),
        Some(true) => (CheckStatus::Ok, "on: speed and power depend on temperature and on how many cores work"),
        Some(false) => (CheckStatus::Ok, "off"),
    };
    Check::new("turbo", status, found)
}

fn smt(cpu: &CpuEnvironment) -> Check {
    let (status, found) = match cpu.smt_active {
        None => (CheckStatus::Absent, "not shown"),
        Some(true) => (CheckStatus::Ok, "on: two hardware threads share a core"),
        Some(false) => (CheckStatus::Ok, "off"),
    };
    Check::new("smt", status, found)
}

fn virtual_machine(cpu: &CpuEnvironment) -> Check {
    const NAME: &str = "virtual_machine";
    match cpu.hypervisor {
        None => Check::new(NAME, CheckStatus::Absent, "this processor does not tell"),
        Some(false) => Check::new(NAME, CheckStatus::Ok, "none"),
        Some(true) => {
            let found = "yes: the host may hide its counters, and neighbours share its processor";
            Check::new(NAME, CheckStatus::Warn, found).with_fix("measure on the host or on a bare machine for the processor's own energy")
        }
    }
}

fn container(host: &HostEnvironment) -> Check {
    let found = match &host.container {
        Some(kind) => format!("{kind}: sensors cover the whole machine, also what runs beside the container"),
        None => "no sign of one".to_owned(),
    };
    Check::new("container", CheckStatus::Ok, found)
}

fn cpu_limit(host: &HostEnvironment) -> Check {
    const NAME: &str = "cpu_limit";
    let Some(quota) = host.cgroup_cpu_quota_threads else { return Check::new(NAME, CheckStatus::Ok, "none") };
    match host.cpu.threads_online.and_then(|threads| u32::try_from(threads).ok()) {
        Some(threads) if quota >= f64::from(threads) => Check::new(NAME, CheckStatus::Ok, format!("{quota} of {threads} hardware threads")),
        threads => {
            let of = threads.map_or_else(String::new, |threads| format!(" of {threads}"));
            let found = format!("the time of {quota}{of} hardware threads: a run that takes more is halted again and again");
            let fix =
                format!("lift the limit (`docker run` without `--cpus`), or run with `--set candle.threads={}`", quota.floor().max(1.0));
            Check::new(NAME, CheckStatus::Warn, found).with_fix(fix)
        }
    }
}

fn memory_limit(host: &HostEnvironment) -> Check {
    let limit = host.cgroup_memory_limit_bytes.filter(|limit| host.memory_total_bytes.is_none_or(|total| *limit < total));
    Check::new("memory_limit", CheckStatus::Ok, limit.map_or_else(|| "none".to_owned(), |limit| mebibytes(Bytes::new(limit))))
}

fn memory_available(host: &HostEnvironment) -> Check {
    const NAME: &str = "memory_available";
    let Some(available) = host.memory_available_bytes else { return Check::new(NAME, CheckStatus::Absent, "not told") };
    let available = Bytes::new(host.cgroup_memory_limit_bytes.map_or(available, |limit| limit.min(available)));
    if available >= LEAST_MEMORY {
        return Check::new(NAME, CheckStatus::Ok, mebibytes(available));
    }
    let found = format!("{}: a model that does not fit is swapped, or the run is killed", mebibytes(available));
    Check::new(NAME, CheckStatus::Warn, found).with_fix("end other programs, or raise the memory limit of the container")
}

fn clock_source(host: &HostEnvironment) -> Check {
    const NAME: &str = "clock_source";
    match host.clock_source.as_deref() {
        None => Check::new(NAME, CheckStatus::Absent, "not shown"),
        Some(clock) if SLOW_CLOCKS.contains(&clock) => {
            let found = format!("{clock}: each look at the clock takes microseconds, which blurs the edges of windows");
            let fix = "choose a faster one of `cat /sys/devices/system/clocksource/clocksource0/available_clocksource`, such as \
                       `echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource`";
            Check::new(NAME, CheckStatus::Warn, found).with_fix(fix)
        }
        Some(clock) => Check::new(NAME, CheckStatus::Ok, clock),
    }
}

/// The sampler needs a processor at every tick; one that is busy serves it late.
fn spare_cores(host: &HostEnvironment) -> Check {
    const NAME: &str = "spare_cores";
    let Some(threads) = host.cpu.threads_online.and_then(|threads| u32::try_from(threads).ok()) else {
        return Check::new(NAME, CheckStatus::Absent, "the number of hardware threads is not told");
    };
    if threads < 2 || host.cgroup_cpu_quota_threads.is_some_and(|quota| quota < 2.0) {
        let found = "fewer than two hardware threads: the sampler takes time from what it measures";
        return Check::new(NAME, CheckStatus::Warn, found).with_fix("give the machine or the container two hardware threads or more");
    }
    match host.load_average_1m {
        Some(load) if load > f64::from(threads) - 1.0 => {
            let found = format!("load {load} on {threads} hardware threads: other work delays the sampler and is in the energy");
            Check::new(NAME, CheckStatus::Warn, found).with_fix("end the other work (`top` names it) and wait a minute")
        }
        Some(load) => Check::new(NAME, CheckStatus::Ok, format!("{threads} hardware threads, load {load}")),
        None => Check::new(NAME, CheckStatus::Ok, format!("{threads} hardware threads, load not told")),
    }
}

fn mebibytes(bytes: Bytes) -> String {
    format!("{:.0} MiB", bytes.as_mebibytes())
}
