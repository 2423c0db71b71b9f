//! Boards written down as files, with a library compiled for the test so that the foreign calls really run.

use super::*;
use crate::written_tree::{Tree, read, readers};
use std::process::Command;

/// The fake library, compiled with these definitions into a folder of its own: each has its own state.
fn compiled(tree: &Tree, definitions: &[&str]) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fake_amdsmi/fake_amdsmi.c");
    let library = tree.root().join("libamd_smi.so");
    let defined = definitions.iter().map(|definition| format!("-D{definition}"));
    let status = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(defined).status();
    assert!(status.expect("a C compiler builds this workspace").success(), "the fake library compiles");
    library
}

fn board(tree: &Tree, number: u32, power: &str) {
    let device = format!("sys/class/drm/card{number}/device");
    tree.write(&format!("{device}/vendor"), "0x1002");
    tree.write(&format!("{device}/uevent"), &format!("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:{:02x}:00.0", 3 + number));
    tree.write(&format!("{device}/vbios_version"), "113-TEST-001");
    let sensors = format!("{device}/hwmon/hwmon{}", 4 + number);
    tree.write(&format!("{sensors}/name"), "amdgpu");
    tree.write(&format!("{sensors}/power1_average"), power);
    tree.write(&format!("{sensors}/power1_cap"), "300000000");
    tree.write(&format!("{sensors}/temp1_input"), "45000");
    tree.write(&format!("{sensors}/freq1_input"), "1700000000");
}

fn probe_with(tree: &Tree, library: Option<PathBuf>) -> Probe {
    let machine = Machine { amd_library: library.or(tree.machine().amd_library), ..tree.machine() };
    probe(&machine, &Preferences::default())
}

fn sensors(device: &Device) -> Vec<&str> {
    device.sensors.iter().map(|sensor| sensor.name.as_str()).collect()
}

fn notes(device: &Device) -> Vec<&str> {
    device.facts.iter().filter(|(name, _)| name == "energy counter").map(|(_, fact)| fact.as_str()).collect()
}

#[test]
fn the_librarys_counter_is_read_beside_the_drivers_power() {
    let tree = Tree::of(&[("sys/module/amdgpu/version", "6.12.12")]);
    board(&tree, 0, "100000000");
    board(&tree, 1, "100000000");
    let probe = probe_with(&tree, Some(compiled(&tree, &["BOARDS=2"])));
    assert_eq!(probe.status, SourceStatus::Works);
    let [first, second] = probe.devices.as_slice() else { panic!("{:?}", probe.devices) };
    assert_eq!(sensors(first), ["total-energy", "power-average", "temperature", "clock", "power-limit"]);
    assert_eq!((first.name.as_str(), first.index), ("AMD Instinct Fake", Some(0)));
    assert!(first.id.as_str().starts_with("c4ff74a1-") && first.id != second.id);
    assert_eq!((first.key.driver.as_str(), first.key.firmware.as_str()), ("amdgpu 6.12.12", "113-TEST-001"));
    assert!((first.sensors[0].resolution - 15.259e-6).abs() < 1e-9);

    let mut readers = readers(&probe);
    assert_eq!(readers.len(), 4, "energies and gauges of two boards");
    let before = read(&mut *readers[0]);
    std::thread::sleep(Duration::from_millis(100));
    let after = read(&mut *readers[0]);
    let grown = after[0].expect("counts") - before[0].expect("counts");
    // 100 W; a busy machine may sleep longer than asked.
    assert!((9.9..500.0).contains(&grown), "{grown} J in 100 ms");
    assert_eq!(after[1], Some(100.0));
    assert_eq!(read(&mut *readers[1]), [Some(45.0), Some(1.7e9), Some(300.0)]);
}

#[test]
fn a_counter_that_power_contradicts_is_dropped_with_both_figures() {
    for factor in ["FACTOR=0.0", "FACTOR=15.3"] {
        let tree = Tree::of(&[]);
        board(&tree, 0, "100000000");
        let probe = probe_with(&tree, Some(compiled(&tree, &[factor])));
        let device = &probe.devices[0];
        assert!(!sensors(device).contains(&"total-energy") && sensors(device).contains(&"power-average"), "{factor}");
        assert!(matches!(notes(device)[..], [note] if note.contains("where power gives")), "{factor}: {:?}", device.facts);
    }
}

#[test]
fn without_the_library_there_is_power_and_the_reason() {
    let tree = Tree::of(&[]);
    board(&tree, 0, "100000000");
    let probe = probe_with(&tree, None);
    assert_eq!(probe.status, SourceStatus::Works);
    assert_eq!(sensors(&probe.devices[0])[0], "power-average");
    assert!(notes(&probe.devices[0])[0].contains("not found"));
    let refused = probe_with(&tree, Some(compiled(&tree, &["INIT_STATUS=34"])));
    assert!(notes(&refused.devices[0])[0].contains("status 34"));
}

#[test]
fn parts_of_a_board_share_its_counter_and_are_not_read_again() {
    let tree = Tree::of(&[]);
    board(&tree, 0, "100000000");
    let library = AmdSmi::load(Some(&compiled(&tree, &["PARTITIONS=4"]))).expect("loads");
    assert_eq!(library.processors().len(), 1);
}

#[test]
fn everyone_shares_one_running_library() {
    let tree = Tree::of(&[]);
    let path = compiled(&tree, &[]);
    let first = AmdSmi::load(Some(&path)).expect("loads");
    let processor = first.processors().remove(0);
    drop((AmdSmi::load(Some(&path)).expect("loads"), first));
    assert!(processor.energy().is_some(), "not stopped while someone reads");
}

#[test]
fn a_die_without_power_of_its_own_is_named_and_not_read() {
    let tree = Tree::of(&[]);
    board(&tree, 0, "100000000");
    board(&tree, 1, "0");
    let probe = probe_with(&tree, None);
    assert!(probe.devices[1].problem.as_deref().is_some_and(|problem| problem.contains("0 W")) && probe.devices[1].sensors.is_empty());
    assert_eq!(probe.source.as_ref().expect("the other works").readers().expect("opens").len(), 2);
}

#[test]
fn graphics_inside_a_processor_are_no_board() {
    let tree = Tree::of(&[]);
    board(&tree, 0, "15000000");
    tree.write("sys/class/drm/card0/device/hwmon/hwmon4/in1_label", "vddnb");
    tree.write("sys/class/drm/card0/device/hwmon/hwmon4/power1_input", "16000000");
    let device = &probe_with(&tree, None).devices[0];
    assert!(device.sensors.iter().all(|sensor| sensor.boundary == Boundary::Module));
    assert_eq!(sensors(device)[..2], ["power", "power-average"]);
}

#[test]
fn a_board_is_found_by_its_sensors_too_and_only_once() {
    let tree = Tree::of(&[
        ("sys/class/hwmon/hwmon4/name", "amdgpu"),
        ("sys/class/hwmon/hwmon4/power1_input", "90000000"),
        ("sys/class/hwmon/hwmon4/device/vendor", "0x1002"),
        ("sys/class/hwmon/hwmon4/device/uevent", "PCI_SLOT_NAME=0000:03:00.0"),
        ("sys/class/hwmon/hwmon5/name", "nvme"),
    ]);
    assert_eq!(probe_with(&tree, None).devices.len(), 1);
    board(&tree, 0, "90000000");
    let probe = probe_with(&tree, None);
    assert_eq!(probe.devices.len(), 1, "{:?}", probe.devices);
    let absent = probe_with(&Tree::of(&[("sys/class/drm/card0/device/vendor", "0x10de")]), None);
    assert!(matches!(absent.status, SourceStatus::Absent(_)));
}
