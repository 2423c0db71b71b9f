//! Machines written down as files, from bare to crippled, and what is said of each.

use super::*;
use crate::host::snapshot;
use crate::survey;
use crate::written_tree::Tree;
use lem_domain::DeviceId;
use lem_domain::FindingCode;
use lem_domain::Grade;
use lem_domain::profile::ProfileKey;
use lem_domain::world::VirtualClock;

fn checks(tree: &Tree) -> Vec<Check> {
    examine(&survey(&tree.machine(), Vec::new()), &snapshot(tree.root(), &VirtualClock::new()))
}

/// `status found -> fix` of one check.
fn said(checks: &[Check], name: &str) -> String {
    let check = checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{name} among {checks:?}"));
    let fix = check.fix.as_ref().map_or_else(String::new, |fix| format!(" -> {fix}"));
    format!("{} {}{fix}", check.status.as_str(), check.found)
}

/// The said thing starts and ends like this.
fn check(checks: &[Check], name: &str, start: &str, end: &str) {
    let said = said(checks, name);
    assert!(said.starts_with(start) && said.ends_with(end), "{name}: {said}");
}

fn cpuinfo(threads: usize, flags: &str) -> String {
    let thread = |number| {
        format!("processor\t: {number}\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nstepping\t: 1\nflags\t\t: fpu {flags}\n")
    };
    (0..threads).map(thread).collect::<Vec<_>>().join("\n")
}

/// A server without a sensor whose settings are all as they should be.
fn good() -> Tree {
    Tree::of(&[
        ("proc/cpuinfo", &cpuinfo(2, "")),
        ("proc/stat", "cpu  10 0 0 0 0 0 0 0 0 0\ncpu0 5 0 0 0 0 0 0 0 0 0\ncpu1 5 0 0 0 0 0 0 0 0 0\nintr 1"),
        ("proc/meminfo", "MemTotal: 65841234 kB\nMemAvailable: 60841234 kB"),
        ("proc/loadavg", "0.25 0.70 0.30 2/512 4711"),
        ("proc/sys/kernel/perf_event_paranoid", "2"),
        ("proc/self/cgroup", "0::/"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance"),
        ("sys/devices/system/cpu/cpufreq/boost", "1"),
        ("sys/devices/system/cpu/smt/active", "0"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc"),
    ])
}

#[test]
fn a_good_machine_warns_of_nothing() {
    let checks = checks(&good());
    let unsound: Vec<_> = checks.iter().filter(|check| matches!(check.status, CheckStatus::Warn | CheckStatus::Fail)).collect();
    assert!(unsound.is_empty(), "{unsound:?}");
    assert!(checks.iter().all(|check| check.fix.is_none()));
    assert_eq!(said(&checks, "estimate"), "ok 1 device with busy-time");
    assert_eq!(said(&checks, "spare_cores"), "ok 2 hardware threads, load 0.25");
    assert_eq!(said(&checks, "memory_available"), "ok 59415 MiB");
    check(&checks, "nvml", "absent there is no NVML library", "no-library`");
    check(&checks, "persistence_mode", "absent", "");
    check(&checks, "perf_event_paranoid", "ok 2; it keeps no RAPL", "");
}

#[test]
fn each_thing_that_is_wrong_is_named_with_what_helps() {
    let tree = good();
    tree.write("proc/cpuinfo", &cpuinfo(2, "hypervisor"));
    tree.write("proc/loadavg", "1.75 0.70 0.30 2/512 4711");
    tree.write("proc/meminfo", "MemTotal: 65841234 kB\nMemAvailable: 60841234 kB");
    tree.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "schedutil");
    tree.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet");
    tree.write("sys/fs/cgroup/cpu.max", "150000 100000");
    tree.write("sys/fs/cgroup/memory.max", "536870912");
    tree.write(".dockerenv", "");
    let checks = checks(&tree);
    check(&checks, "cpu_governor", "warn performance, schedutil:", "-> sudo cpupower frequency-set -g performance");
    check(&checks, "virtual_machine", "warn yes", "processor's own energy");
    check(&checks, "clock_source", "warn hpet:", "current_clocksource`");
    check(&checks, "cpu_limit", "warn the time of 1.5 of 2 hardware threads", "candle.threads=1`");
    check(&checks, "memory_limit", "ok 512 MiB", "");
    check(&checks, "memory_available", "warn 512 MiB:", "container");
    check(&checks, "container", "ok docker:", "");
    check(&checks, "spare_cores", "warn fewer than two", "or more");
    std::fs::remove_file(tree.root().join("sys/fs/cgroup/cpu.max")).expect("there");
    check(&self::checks(&tree), "spare_cores", "warn load 1.75 on 2 hardware threads", "wait a minute");
}

#[test]
fn where_nothing_is_told_nothing_is_made_up() {
    let tree = Tree::of(&[]);
    let checks = checks(&tree);
    assert!(checks.iter().all(|check| !matches!(check.status, CheckStatus::Warn | CheckStatus::Fail)), "{checks:?}");
    for name in ["estimate", "cpu_governor", "turbo", "smt", "virtual_machine", "memory_available", "clock_source", "spare_cores"] {
        check(&checks, name, "absent", "");
    }
    assert_eq!(survey(&tree.machine(), Vec::new()).best_grade(), Grade::Unavailable);
}

#[test]
fn the_best_grade_is_that_of_the_best_sensor() {
    let tree = good();
    assert_eq!(survey(&tree.machine(), Vec::new()).best_grade(), Grade::Estimated);
    tree.write("sys/class/hwmon/hwmon0/name", "power_meter");
    tree.write("sys/class/hwmon/hwmon0/device/power1_average", "212000000");
    tree.write("sys/class/hwmon/hwmon0/device/measures/LNXSYBUS:00", "");
    assert_eq!(survey(&tree.machine(), Vec::new()).best_grade(), Grade::Measured);
    assert_eq!(said(&checks(&tree), "hwmon"), "ok 1 device with power");
}

#[test]
fn the_strictness_of_perf_matters_where_it_keeps_rapl_from_being_read() {
    let denied = SourceStatus::NotPermitted { reason: "perf: denied".to_owned(), fix: "let me".to_owned() };
    let check = |rapl: Option<&SourceStatus>, setting, expected| assert_eq!(perf_event_paranoid(rapl, setting).status, expected);
    check(Some(&denied), Some(2), CheckStatus::Warn);
    check(Some(&denied), Some(0), CheckStatus::Ok);
    check(Some(&SourceStatus::Works), Some(2), CheckStatus::Ok);
    check(Some(&denied), None, CheckStatus::Absent);
    check(None, Some(4), CheckStatus::Ok);
    let refused = source(&SourceVerdict { source: "rapl".to_owned(), status: denied }, &[]);
    assert_eq!((refused.status, refused.fix.as_deref()), (CheckStatus::Fail, Some("let me")));
}

fn board(index: u32, visible: bool, mode: &str) -> Device {
    Device {
        id: DeviceId::new(format!("GPU-{index}")),
        name: "Board".to_owned(),
        source: EnergySource::Nvml,
        index: Some(index),
        visible,
        key: ProfileKey { board: String::new(), driver: String::new(), firmware: String::new() },
        facts: vec![("persistence mode".to_owned(), mode.to_owned())],
        sensors: Vec::new(),
        problem: None,
        parts: Vec::new(),
    }
}

#[test]
fn the_boards_that_take_part_should_stay_with_their_driver() {
    let said = |boards: &[Device]| said(&[persistence_mode(boards)], "persistence_mode");
    assert_eq!(said(&[board(0, true, "on"), board(1, false, "off")]), "ok on (1 of 1 visible boards)");
    let off = said(&[board(0, true, "off"), board(1, true, "on"), board(2, true, "off")]);
    assert!(off.starts_with("warn off on board 0, 2:") && off.ends_with("-> sudo nvidia-smi -i 0,2 -pm 1"), "{off}");
}

#[test]
fn a_finding_that_weakens_figures_becomes_a_check() {
    let warning = Finding::new(FindingCode::GenericPowerRow, Severity::Warning, "a mean over servers").with_hint("set the watts");
    let known = Finding::new(FindingCode::VmShare, Severity::Info, "a share");
    let survey = Survey { findings: vec![warning, known], ..Survey::default() };
    let checks = examine(&survey, &snapshot(good().root(), &VirtualClock::new()));
    assert_eq!(said(&checks, "generic-power-row"), "warn a mean over servers -> set the watts");
    assert!(!checks.iter().any(|check| check.name == "vm-share"));
}
