//! Machines of several makers, written down as files.

use super::*;
use crate::source::Reader;
use crate::written_tree::{Tree, read, readable, readers};
use lem_domain::sensor::PowerMeaning;
use std::fs;

fn probed(tree: &Tree) -> Probe {
    probe(&tree.machine(), &Preferences::default())
}

fn problems(probe: &Probe) -> Vec<(&str, &str)> {
    probe.devices.iter().filter_map(|device| Some((device.id.as_str(), device.problem.as_deref()?))).collect()
}

fn grace(meters: &[(&str, &str)]) -> Tree {
    let tree = Tree::of(&[]);
    for (number, (label, microwatts)) in meters.iter().enumerate() {
        let folder = format!("sys/class/hwmon/hwmon{number}");
        tree.write(&format!("{folder}/name"), "power_meter");
        tree.write(&format!("{folder}/device/power1_oem_info"), label);
        tree.write(&format!("{folder}/device/power1_average"), microwatts);
        tree.write(&format!("{folder}/device/power1_average_interval"), "50");
    }
    tree
}

#[test]
fn a_grace_hopper_module_holds_its_socket_and_is_not_added_to_it() {
    let tree = grace(&[
        ("Module Power Socket 0", "197148000"),
        ("Grace Power Socket 0", "36714000"),
        ("CPU Power Socket 0", "35134000"),
        ("SysIO Power Socket 0", "171000"),
        ("Grace Power Socket 1", "40000000"),
    ]);
    let probe = probed(&tree);
    assert_eq!(
        readable(&probe),
        [
            "cpu-package-0 package cpu_package",
            "cpu-package-0 cores cpu_cores",
            "cpu-package-0 uncore cpu_uncore",
            "cpu-package-1 package cpu_package",
            "module-0 power module",
        ]
    );
    let mut readers = readers(&probe);
    assert_eq!(read(&mut *readers[0]), [Some(36.714), Some(35.134), Some(0.171)]);
    let sensor = &readers[0].descriptors()[0];
    let interval = Duration::from_millis(50);
    assert_eq!((sensor.kind, sensor.update_period), (SensorKind::Power(PowerMeaning::Averaged(interval)), interval));

    tree.write("proc/driver/nvidia/version", "NVRM version: 580.1");
    let with_driver = probed(&tree);
    assert!(!readable(&with_driver).iter().any(|sensor| sensor.starts_with("module")));
    assert!(matches!(problems(&with_driver)[..], [("module-0", problem)] if problem.contains("NVIDIA driver")));
}

#[test]
fn an_acpi_meter_is_the_machine_only_when_it_says_so() {
    let tree = Tree::of(&[("sys/class/hwmon/hwmon0/name", "power_meter"), ("sys/class/hwmon/hwmon0/device/power1_average", "212000000")]);
    assert!(matches!(problems(&probed(&tree))[..], [(_, problem)] if problem.contains("not assigned to any boundary")));
    assert!(matches!(probed(&tree).status, SourceStatus::Absent(_)));
    tree.write("sys/class/hwmon/hwmon0/device/measures/LNXSYBUS:00", "");
    assert_eq!(readable(&probed(&tree)), ["acpi-power-meter power host"]);
    // A second one may show the same power or another part of it.
    tree.write("sys/class/hwmon/hwmon1/name", "power_meter");
    tree.write("sys/class/hwmon/hwmon1/device/power1_average", "212000000");
    tree.write("sys/class/hwmon/hwmon1/device/measures/LNXSYBUS:00", "");
    assert_eq!((readable(&probed(&tree)).len(), problems(&probed(&tree)).len()), (0, 2));
}

fn rails(tree: &Tree, chip: u32, rails: &[(&str, &str, &str)]) {
    let folder = format!("sys/class/hwmon/hwmon{chip}");
    tree.write(&format!("{folder}/name"), "ina3221");
    for (number, (label, milliamperes, millivolts)) in (1..).zip(rails) {
        tree.write(&format!("{folder}/in{number}_label"), label);
        tree.write(&format!("{folder}/curr{number}_input"), milliamperes);
        tree.write(&format!("{folder}/in{number}_input"), millivolts);
    }
}

#[test]
fn a_jetson_is_the_sum_of_the_rails_that_feed_it() {
    let tree = Tree::of(&[("proc/device-tree/model", "NVIDIA Jetson AGX Orin Developer Kit\0")]);
    rails(&tree, 1, &[("VDD_GPU_SOC", "400", "19000"), ("VDD_CPU_CV", "100", "19000"), ("VIN_SYS_5V0", "700", "5000")]);
    rails(&tree, 2, &[("NC", "0", "0"), ("VDDQ_VDD2_1V8AO", "300", "5000")]);
    let probe = probed(&tree);
    assert_eq!(readable(&probe), ["jetson-module power module"]);
    assert_eq!(probe.devices[0].name, "NVIDIA Jetson AGX Orin Developer Kit");
    let mut readers = readers(&probe);
    // 7.6 W + 1.9 W + 3.5 W.
    assert!(matches!(read(&mut *readers[0])[..], [Some(watts)] if (watts - 13.0).abs() < 1e-9));
    fs::write(tree.root().join("sys/class/hwmon/hwmon1/curr2_input"), "").expect("written");
    assert_eq!(read(&mut *readers[0]), [None], "a rail without an answer leaves no sum");
}

#[test]
fn the_rail_that_feeds_a_jetson_comes_before_the_rails_behind_it() {
    let tree = Tree::of(&[]);
    rails(&tree, 3, &[("VDD_IN", "1200", "5000"), ("VDD_CPU_GPU_CV", "400", "5000"), ("VDD_SOC", "200", "5000")]);
    let probe = probed(&tree);
    assert_eq!(read(&mut *readers(&probe)[0]), [Some(6.0)]);
    assert!(probe.devices[0].facts.contains(&("rails not added".to_owned(), "VDD_CPU_GPU_CV, VDD_SOC".to_owned())));

    let unknown = Tree::of(&[]);
    rails(&unknown, 0, &[("12V_HDD", "100", "12000")]);
    assert!(matches!(problems(&probed(&unknown))[..], [("jetson-module", problem)] if problem.contains("12V_HDD")));
}

#[test]
fn an_intel_board_is_its_card_and_not_the_package_on_it() {
    let tree = Tree::of(&[
        ("sys/class/hwmon/hwmon2/name", "xe"),
        ("sys/class/hwmon/hwmon2/energy1_input", "5000000"),
        ("sys/class/hwmon/hwmon2/energy1_label", "card"),
        ("sys/class/hwmon/hwmon2/energy2_input", "3000000"),
        ("sys/class/hwmon/hwmon2/energy2_label", "pkg"),
        ("sys/class/hwmon/hwmon2/device/uevent", "PCI_SLOT_NAME=0000:03:00.0"),
    ]);
    let probe = probed(&tree);
    assert_eq!(readable(&probe), ["intel-gpu-0000:03:00.0 total-energy gpu_board"]);
    assert_eq!(read(&mut *readers(&probe)[0]), [Some(5.0)]);
    assert!(matches!(problems(&probe)[..], [("hwmon-xe-pkg", _)]));
}

#[test]
fn what_no_one_knows_is_named_and_what_another_source_reads_is_not() {
    let tree = Tree::of(&[
        ("sys/class/hwmon/hwmon0/name", "amdgpu"),
        ("sys/class/hwmon/hwmon0/power1_average", "90000000"),
        ("sys/class/hwmon/hwmon1/name", "corsairpsu"),
        ("sys/class/hwmon/hwmon1/power1_input", "210000000"),
        ("sys/class/hwmon/hwmon1/power1_label", "power total"),
        ("sys/class/hwmon/hwmon2/name", "nvme"),
        ("sys/class/hwmon/hwmon2/temp1_input", "35000"),
    ]);
    let probe = probed(&tree);
    assert!(matches!(problems(&probe)[..], [("hwmon-corsairpsu-power total", _)]), "{:?}", probe.devices);
    assert!(probe.source.is_none() && matches!(probe.status, SourceStatus::Absent(_)));
}

#[test]
fn a_sensor_that_does_not_answer_is_named_with_its_reason() {
    let tree = grace(&[("Grace Power Socket 0", "36714000")]);
    fs::write(tree.root().join("sys/class/hwmon/hwmon0/device/power1_average"), "").expect("written");
    let probe = probed(&tree);
    assert!(matches!(problems(&probe)[..], [("cpu-package-0", problem)] if problem.contains("power1_average")));
    assert!(probe.source.is_none());
}

fn battery(tree: &Tree, number: u32, status: &str) {
    let folder = format!("sys/class/power_supply/BAT{number}");
    tree.write(&format!("{folder}/type"), "Battery");
    tree.write(&format!("{folder}/status"), status);
}

#[test]
fn batteries_are_the_machine_while_they_discharge() {
    let tree = Tree::of(&[
        ("sys/class/power_supply/BAT0/power_now", "9000000"),
        ("sys/class/power_supply/BAT1/current_now", "-500000"),
        ("sys/class/power_supply/BAT1/voltage_now", "12000000"),
    ]);
    battery(&tree, 0, "Discharging");
    battery(&tree, 1, "Discharging");
    let probe = probed(&tree);
    assert_eq!(readable(&probe), ["battery power host"]);
    let mut readers = readers(&probe);
    let check = |statuses: [&str; 2], expected: Option<f64>, readers: &mut Vec<Box<dyn Reader>>| {
        battery(&tree, 0, statuses[0]);
        battery(&tree, 1, statuses[1]);
        assert_eq!(read(&mut *readers[0]), [expected], "{statuses:?}");
    };
    check(["Discharging", "Discharging"], Some(15.0), &mut readers);
    check(["Not charging", "Discharging"], Some(6.0), &mut readers);
    check(["Discharging", "Charging"], None, &mut readers);
    check(["Full", "Full"], None, &mut readers);
}

#[test]
fn on_mains_a_battery_says_nothing_of_the_machine() {
    let tree = Tree::of(&[("sys/class/power_supply/BAT0/power_now", "0")]);
    battery(&tree, 0, "Charging");
    let probe = probed(&tree);
    assert!(matches!(problems(&probe)[..], [("battery", problem)] if problem.contains("mains")));
    assert!(matches!(probe.status, SourceStatus::Absent(_)));
}
