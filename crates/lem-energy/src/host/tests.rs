//! Written trees of a bare server and of a container.

use super::*;
use lem_domain::world::VirtualClock;
use std::fs;

struct Tree(tempfile::TempDir);

impl Tree {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("made");
            fs::write(path, text).expect("written");
        }
        Self(folder)
    }

    fn snapshot(&self) -> HostEnvironment {
        snapshot(self.0.path(), &VirtualClock::new())
    }
}

const CPUINFO: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Xeon\nstepping\t: 7\n\
                       physical id\t: 0\nflags\t\t: fpu\n\nprocessor\t: 1\nphysical id\t: 1\n";

#[test]
fn a_bare_server() {
    let host = Tree::of(&[
        ("proc/cpuinfo", CPUINFO),
        ("proc/meminfo", "MemTotal:       65841234 kB\nMemFree:         1234 kB\nMemAvailable:    4096 kB\n"),
        ("proc/loadavg", "1.25 0.70 0.30 2/512 4711\n"),
        ("proc/sys/kernel/osrelease", "6.8.0-40-generic\n"),
        ("proc/self/cgroup", "0::/user.slice/session-2.scope\n"),
        ("etc/os-release", "NAME=\"Ubuntu\"\nPRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
        ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
        ("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"),
        ("sys/devices/system/cpu/smt/active", "1\n"),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
        ("proc/sys/kernel/perf_event_paranoid", "-1\n"),
        ("sys/fs/cgroup/cpu.stat", ""),
    ])
    .snapshot();
    assert_eq!((host.memory_total_bytes, host.memory_available_bytes), (Some(65_841_234 * 1024), Some(4096 * 1024)));
    assert_eq!((host.clock_source.as_deref(), host.perf_event_paranoid, host.cpu.smt_active), (Some("tsc"), Some(-1), Some(true)));
    assert_eq!(host.load_average_1m, Some(1.25));
    assert_eq!(host.kernel_release.as_deref(), Some("6.8.0-40-generic"));
    assert_eq!(host.operating_system.as_deref(), Some("Ubuntu 24.04.1 LTS"));
    assert_eq!((host.container, host.cgroup_cpu_quota_threads, host.cgroup_memory_limit_bytes), (None, None, None));
    assert_eq!((host.cpu.threads_online, host.cpu.sockets, host.cpu.hypervisor), (Some(2), Some(2), Some(false)));
    assert_eq!((host.cpu.family, host.cpu.model, host.cpu.stepping), (Some(6), Some(85), Some(7)));
    assert_eq!(host.cpu.governors, Some(vec!["performance".to_owned(), "powersave".to_owned()]));
    assert_eq!(host.cpu.boost_enabled, Some(false));
}

#[test]
fn the_tightest_limit_above_a_container_counts() {
    let check = |files: &[(&str, &str)], container: Option<&str>, quota: Option<f64>| {
        let host = Tree::of(files).snapshot();
        assert_eq!((host.container.as_deref(), host.cgroup_cpu_quota_threads), (container, quota), "{files:?}");
    };
    let pod = "0::/kubepods.slice/pod1/run\n";
    check(
        &[
            ("proc/self/cgroup", pod),
            ("sys/fs/cgroup/kubepods.slice/pod1/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/kubepods.slice/pod1/run/cpu.max", "max 100000\n"),
        ],
        Some("kubernetes"),
        Some(1.5),
    );
    check(
        &[
            ("proc/self/cgroup", "5:cpuacct,cpu:/docker/abc\n4:memory:/docker/abc\n"),
            ("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ],
        Some("docker"),
        Some(0.5),
    );
    // In a namespace of its own the path says nothing; only the marker does.
    check(&[(".dockerenv", ""), ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", "200000 100000\n")], Some("docker"), Some(2.0));
    check(&[("proc/self/cgroup", "0::/../../other\n"), ("sys/fs/cgroup/other/cpu.max", "1 100000\n")], None, None);
    check(&[("proc/self/cgroup", "0::/system.slice/docker.service\n")], None, None);
}

#[test]
fn the_tightest_limit_on_memory_counts_and_the_largest_number_is_none() {
    let check = |files: &[(&str, &str)], limit: Option<u64>| {
        assert_eq!(Tree::of(files).snapshot().cgroup_memory_limit_bytes, limit, "{files:?}");
    };
    let pod = ("proc/self/cgroup", "0::/pod1/run\n");
    check(&[pod, ("sys/fs/cgroup/pod1/memory.max", "2048\n"), ("sys/fs/cgroup/pod1/run/memory.max", "max\n")], Some(2048));
    let docker = ("proc/self/cgroup", "4:memory:/docker/abc\n");
    let own = "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes";
    let none = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    check(&[docker, (own, "4096\n"), none], Some(4096));
    check(&[docker, none], None);
}

#[test]
fn what_cannot_be_read_is_null_and_nothing_names_the_host_or_its_user() {
    let empty = serde_json::to_value(Tree::of(&[]).snapshot()).expect("plain data");
    let fields = empty.as_object().expect("an object");
    let known: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str()).collect();
    assert_eq!(known, ["architecture", "cpu", "taken_at_unix_s"]);
    assert!(fields["cpu"].as_object().expect("an object").values().all(serde_json::Value::is_null));

    let secret = "sesame-7f3a";
    let told = Tree::of(&[
        ("proc/sys/kernel/hostname", secret),
        ("etc/hostname", secret),
        ("proc/self/environ", secret),
        ("proc/self/cmdline", secret),
        ("proc/self/cgroup", "0::/user.slice/sesame-7f3a.scope\n"),
    ]);
    assert!(!serde_json::to_string(&told.snapshot()).expect("plain data").contains(secret));
}
