//! Powercap trees of Intel and AMD machines: what is found, and what is said of the rest.

mod joules;

use super::*;
use crate::EnergyError;
use crate::written_tree::{Advancing, Tree, read, readable, readers};
use lem_domain::Timestamp;
use lem_domain::counter::CounterRange;
use lem_domain::profile::{BoardProfile, Found, SensorProfile};
use lem_domain::units::{Joules, Watts};
use std::fs;
use std::time::SystemTime;

const RANGE: &str = "262143328850";

fn cpuinfo(vendor: &str, flags: &str) -> String {
    format!(
        "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Test CPU\nstepping\t: 7\n\
         microcode\t: 0x5003604\nphysical id\t: 0\nflags\t\t: fpu {flags}"
    )
}

/// A tree as the class folder shows it: flat, with one folder per zone.
struct Zones {
    tree: Tree,
    counters: Vec<String>,
}

impl Zones {
    fn of(vendor: &str, zones: &[(&str, &str)]) -> Self {
        let tree = Tree::of(&[("proc/cpuinfo", &cpuinfo(vendor, ""))]);
        let mut counters = Vec::new();
        for (zone, name) in zones {
            let folder = format!("sys/class/powercap/{zone}");
            tree.write(&format!("{folder}/name"), name);
            tree.write(&format!("{folder}/max_energy_range_uj"), RANGE);
            counters.push(format!("{folder}/energy_uj"));
            tree.count(counters.last().expect("pushed"), 5_000_000);
        }
        Self { tree, counters }
    }

    fn advance(&self) -> Advancing {
        self.tree.advance(&self.counters.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn probe(&self) -> Probe {
        let _counting = self.advance();
        probe(&self.tree.machine(), &Preferences::default())
    }
}

const DESKTOP: [(&str, &str); 5] = [
    ("intel-rapl:0", "package-0"),
    ("intel-rapl:0:0", "core"),
    ("intel-rapl:0:1", "uncore"),
    ("intel-rapl:0:2", "dram"),
    ("intel-rapl:1", "psys"),
];

#[test]
fn a_desktop_is_one_socket_and_its_platform() {
    let probe = Zones::of("GenuineIntel", &DESKTOP).probe();
    assert_eq!(probe.status, SourceStatus::Works);
    assert_eq!(
        readable(&probe),
        [
            "cpu-package-0 package cpu_package",
            "cpu-package-0 dram dram",
            "cpu-package-0 cores cpu_cores",
            "cpu-package-0 uncore cpu_uncore",
            "platform platform platform",
        ]
    );
    let key = &probe.devices[0].key;
    assert_eq!((key.board.as_str(), key.driver.as_str(), key.firmware.as_str()), ("Test CPU", "powercap", "microcode 0x5003604"));
}

#[test]
fn each_socket_is_a_device_and_missing_dram_is_missing() {
    let zones = [("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-1"), ("intel-rapl:1:0", "dram")];
    let zones = Zones::of("GenuineIntel", &zones);
    let probe = zones.probe();
    let expected = ["cpu-package-0 package cpu_package", "cpu-package-1 package cpu_package", "cpu-package-1 dram dram"];
    assert_eq!(readable(&probe), expected);
    assert_eq!(readers(&probe).len(), 2);
}

#[test]
fn what_a_second_driver_shows_again_is_not_counted_twice() {
    let zones = [("intel-rapl-mmio:0", "package-0"), ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core")];
    let probe = Zones::of("GenuineIntel", &zones).probe();
    assert_eq!(readable(&probe), ["cpu-package-0 package cpu_package", "cpu-package-0 cores cpu_cores"]);
    let source = &probe.devices[0].sensors[0].source;
    assert!(source.ends_with("/intel-rapl:0/energy_uj"), "{source}");
}

#[test]
fn dies_of_an_amd_package_show_the_whole_of_it_and_those_of_intel_a_part() {
    let zones = [("intel-rapl:0", "package-0-die-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:1", "package-0-die-1")];
    let amd = Zones::of("AuthenticAMD", &zones).probe();
    assert_eq!(readable(&amd), ["cpu-package-0 package cpu_package", "cpu-package-0 cores cpu_cores"]);
    let intel = Zones::of("GenuineIntel", &zones).probe();
    let names = readable(&intel);
    assert!(names.contains(&"cpu-package-0-die-1 package cpu_package".to_owned()) && names.len() == 3, "{names:?}");
}

#[test]
fn a_tree_that_nests_its_zones_reads_the_same() {
    let zones = Zones::of("GenuineIntel", &[]);
    let nested = "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0";
    let counters = [format!("{nested}/energy_uj"), format!("{nested}/intel-rapl:0:0/energy_uj")];
    zones.tree.write(&format!("{nested}/name"), "package-0");
    zones.tree.write(&format!("{nested}/intel-rapl:0:0/name"), "dram");
    for counter in &counters {
        zones.tree.count(counter, 1);
    }
    let _counting = zones.tree.advance(&[&counters[0], &counters[1]]);
    let probe = probe(&zones.tree.machine(), &Preferences::default());
    assert_eq!(readable(&probe), ["cpu-package-0 package cpu_package", "cpu-package-0 dram dram"]);
}

#[test]
fn counters_that_stand_still_are_broken_and_one_among_others_is_left_out() {
    let zones = Zones::of("GenuineIntel", &DESKTOP);
    let still = probe(&zones.tree.machine(), &Preferences::default());
    assert!(matches!(&still.status, SourceStatus::Broken(reason) if reason.contains("does not advance")), "{:?}", still.status);
    assert!(still.source.is_none() && readable(&still).is_empty());
    assert!(still.devices.iter().all(|device| device.problem.is_some()), "named all the same");

    let _package = zones.tree.advance(&[&zones.counters[0]]);
    let partly = probe(&zones.tree.machine(), &Preferences::default());
    assert_eq!(readable(&partly), ["cpu-package-0 package cpu_package"]);
    let facts = &partly.devices[0].facts;
    assert!(facts.iter().any(|(name, fact)| name == "uncore" && fact.contains("does not advance")), "{facts:?}");
}

#[test]
fn what_is_not_there_says_why() {
    let check = |flags: &str, expected: &str| {
        let tree = Tree::of(&[("proc/cpuinfo", &cpuinfo("GenuineIntel", flags))]);
        let probe = probe(&tree.machine(), &Preferences::default());
        assert!(matches!(&probe.status, SourceStatus::Absent(reason) if reason.contains(expected)), "{:?}", probe.status);
    };
    check("", "/sys/class/powercap");
    check("hypervisor", "virtual machine");
}

#[test]
fn masked_zones_are_not_permitted_with_the_way_out() {
    let tree = Tree::of(&[]);
    let class = tree.root().join("sys/class/powercap");
    fs::create_dir_all(&class).expect("made");
    std::os::unix::fs::symlink("../../devices/virtual/powercap/intel-rapl:0", class.join("intel-rapl:0")).expect("linked");
    let probe = probe(&tree.machine(), &Preferences::default());
    assert!(matches!(&probe.status, SourceStatus::NotPermitted { fix, .. } if fix.contains("--cap-add PERFMON")), "{:?}", probe.status);
}

#[test]
fn a_refusal_names_its_exact_remedy() {
    let fix = |way: Way, code| match way.not_permitted(&io::Error::from_raw_os_error(code)) {
        SourceStatus::NotPermitted { fix, .. } => fix,
        other => panic!("{other:?}"),
    };
    assert!(fix(Way::Powercap, libc::EACCES).contains("chmod a+r /sys/class/powercap/*/energy_uj"));
    assert!(fix(Way::Perf, libc::EACCES).contains("kernel.perf_event_paranoid=0"));
    assert!(fix(Way::Perf, libc::EPERM).contains("--cap-add PERFMON"));
}

/// The mode of a file does not bind root, so this shows nothing there.
#[test]
fn a_counter_without_leave_is_not_permitted() {
    use std::os::unix::fs::PermissionsExt;
    let zones = Zones::of("GenuineIntel", &DESKTOP);
    for counter in &zones.counters {
        fs::set_permissions(zones.tree.root().join(counter), fs::Permissions::from_mode(0o000)).expect("set");
    }
    if fs::read(zones.tree.root().join(&zones.counters[0])).is_ok() {
        return;
    }
    let probe = probe(&zones.tree.machine(), &Preferences::default());
    assert!(matches!(&probe.status, SourceStatus::NotPermitted { .. }), "{:?}", probe.status);
    assert_eq!(probe.devices.len(), 2);
}

#[test]
fn what_can_be_permitted_is_said_first() {
    let refused = [
        SourceStatus::NotPermitted { reason: "perf: permission denied".to_owned(), fix: "do this".to_owned() },
        SourceStatus::Broken("powercap: stands still".to_owned()),
    ];
    let expected = SourceStatus::NotPermitted { reason: "perf: permission denied".to_owned(), fix: "do this".to_owned() };
    assert_eq!(verdict(&refused, &CpuInfo::default()), expected);
}

#[test]
fn a_gap_in_the_file_is_a_gap_in_the_record() {
    let zones = Zones::of("GenuineIntel", &DESKTOP[..2]);
    let probe = zones.probe();
    let mut readers = readers(&probe);
    zones.tree.count(&zones.counters[0], 7_000_000);
    fs::write(zones.tree.root().join(&zones.counters[1]), "").expect("written");
    assert_eq!(read(&mut *readers[0]), [Some(7.0), None]);
    fs::write(zones.tree.root().join(&zones.counters[1]), "12").expect("written");
    assert_eq!(read(&mut *readers[0]), [Some(7.0), None]);
}

#[test]
fn a_counter_that_went_away_is_an_error_that_names_it() {
    let zones = Zones::of("GenuineIntel", &DESKTOP[..1]);
    let probe = zones.probe();
    let path = zones.tree.root().join(&zones.counters[0]);
    fs::remove_file(&path).expect("there");
    fs::create_dir(&path).expect("made");
    let error = probe.source.as_ref().expect("worked").readers().err();
    assert!(matches!(&error, Some(EnergyError::Unreadable { path: named, .. }) if *named == path), "{error:?}");
}

#[test]
fn the_limit_of_the_package_tells_a_wrap_from_a_reset_and_how_often_to_read() {
    let zones = Zones::of("GenuineIntel", &DESKTOP);
    let limited = |limit: &str, range: &str| {
        zones.tree.write("sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", limit);
        zones.tree.write("sys/class/powercap/intel-rapl:0/max_energy_range_uj", range);
        let sensor = zones.probe().devices[0].sensors[0].clone();
        let SensorKind::EnergyCounter(range) = sensor.kind else { panic!("{sensor:?}") };
        (range, sensor.interval)
    };
    let (range, interval) = limited("200000000", RANGE);
    assert_eq!(range, CounterRange { wraps_at: Some(Joules::new(262_143.328_85)), plausible_power: Watts::new(300.0) });
    assert_eq!(interval, Duration::from_millis(50));
    // 24 J at 300 W is 80 ms.
    assert_eq!(limited("200000000", "24000000").1, Duration::from_millis(20));
    assert_eq!(limited("0", RANGE).0.plausible_power, CounterRange::UNKNOWN_LIMIT_POWER);
    let slow = Preferences { interval: Some(Duration::from_secs(10)), ..Preferences::default() };
    let _counting = zones.advance();
    assert_eq!(probe(&zones.tree.machine(), &slow).devices[0].sensors[0].interval, MAX_INTERVAL);
}

#[test]
fn calibration_of_this_processor_is_used() {
    let zones = Zones::of("GenuineIntel", &DESKTOP);
    let key = zones.probe().devices[0].key.clone();
    let unknown = || "not looked for".to_owned();
    let sensor = SensorProfile {
        sensor: "package".to_owned(),
        update_period: Found::Value { value: Duration::from_micros(980), half_width: Duration::from_micros(5) },
        averaging_window: Found::Unknown(unknown()),
        lag: Found::Unknown(unknown()),
        resolution: Found::Unknown(unknown()),
        read_latency: Found::Unknown(unknown()),
        counter_ratio: Found::Unknown(unknown()),
        idle: Vec::new(),
    };
    let profile = BoardProfile { key, at: SystemTime::UNIX_EPOCH, tool_version: "0".to_owned(), load: None, sensors: vec![sensor] };
    let _counting = zones.advance();
    let probe = probe(&zones.tree.machine(), &Preferences { profiles: vec![profile], ..Preferences::default() });
    let periods: Vec<_> = probe.devices[0].sensors.iter().map(|sensor| sensor.update_period).collect();
    assert_eq!(periods[..2], [Duration::from_micros(980), UPDATE_PERIOD]);
}
