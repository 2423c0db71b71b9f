//! What is found on a machine, and what is said of what is not.

use crate::fake_nvml::FakeNvml;
use crate::lab::{boards, look, machine, names, sensor, status, try_open};
use lem_domain::profile::{BoardProfile, Found, SensorProfile};
use lem_domain::sensor::{PowerMeaning, SensorKind, SourceStatus, Stamp};
use lem_domain::{Boundary, FindingCode};
use lem_energy::{EnergyError, Machine, survey};
use std::path::Path;
use std::time::{Duration, SystemTime};

#[test]
fn a_board_that_does_not_answer_at_first_is_named_and_the_others_work() {
    let fake = FakeNvml::with(&[("GPUS", "3"), ("FAULTS", "1:lost")]);
    let survey = look(&machine(&fake, None));
    assert_eq!(status(&survey), &SourceStatus::Works);
    let problems: Vec<_> = boards(&survey).iter().map(|board| board.problem.is_some()).collect();
    assert_eq!(problems, [false, true, false]);
    let opened = try_open(machine(&fake, None)).expect("two boards work");
    let [finding] = opened.findings.as_slice() else { panic!("{:?}", opened.findings) };
    assert!(finding.code == FindingCode::DeviceUnreadable && finding.message.contains("board 1"), "{finding:?}");
}

#[test]
fn each_way_of_having_nothing_has_its_own_verdict() {
    let check = |settings: &[(&str, &str)], visible, expected: fn(&SourceStatus) -> bool| {
        let fake = FakeNvml::with(settings);
        let survey = look(&machine(&fake, visible));
        assert!(expected(status(&survey)), "{settings:?} {visible:?}: {:?}", status(&survey));
        assert!(matches!(try_open(machine(&fake, visible)), Err(EnergyError::NotUsable { .. })), "{settings:?}");
    };
    let not_permitted: fn(&SourceStatus) -> bool =
        |status| matches!(status, SourceStatus::NotPermitted { fix, .. } if fix.contains("/dev/nvidiactl"));
    check(&[("INIT", "4")], None, not_permitted);
    check(&[("FAULTS", "0:no-permission")], None, not_permitted);
    check(&[("INIT", "9")], None, |status| matches!(status, SourceStatus::Broken(reason) if reason.contains("modprobe")));
    check(&[("INIT", "18")], None, |status| matches!(status, SourceStatus::Broken(reason) if reason.contains("reboot")));
    check(&[("GPUS", "0")], None, |status| matches!(status, SourceStatus::Absent(reason) if reason.contains("no board")));
    check(&[("FAULTS", "0:lost")], None, |status| matches!(status, SourceStatus::Broken(reason) if reason.contains("fell off the bus")));
    check(&[("FAULTS", "0:no-power,0:no-counter")], None, |status| matches!(status, SourceStatus::Broken(_)));
    check(&[], Some("-1"), |status| matches!(status, SourceStatus::Absent(reason) if reason.contains("CUDA_VISIBLE_DEVICES")));
    let nothing = look(&Machine::below(Path::new("/nowhere")));
    assert!(matches!(status(&nothing), SourceStatus::Absent(reason) if reason.contains("no NVML library")), "{nothing:?}");
}

#[test]
fn a_board_says_what_it_is_and_what_each_sensor_means() {
    let fake = FakeNvml::with(&[]);
    let survey = look(&machine(&fake, None));
    let [board] = boards(&survey)[..] else { panic!("{survey:?}") };
    assert!(board.visible && board.id.as_str().starts_with("GPU-"), "{board:?}");
    assert_eq!((board.key.driver.as_str(), board.key.firmware.as_str()), ("nvidia 580.00.fake", "96.00.fa.4e.00"));
    let facts: Vec<_> = board.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    for expected in [
        "architecture: Hopper",
        "compute capability: 9.0",
        "memory: 81920 MiB",
        "power limit: 650 W (default 700 W, 200 W to 700 W)",
        "MIG: off",
    ] {
        assert!(facts.iter().any(|fact| fact == expected), "{expected} in {facts:?}");
    }
    let expected = ["total-energy", "power-instant", "power-average", "memory-power", "temperature", "sm-clock", "memory-clock"];
    let more =
        ["gpu-utilisation", "memory-utilisation", "throttle-reasons", "power-limit", "sm-activity", "tensor-activity", "dram-activity"];
    assert_eq!(names(board), [&expected[..], &more[..]].concat());
    let averaged = |millis| SensorKind::Power(PowerMeaning::Averaged(Duration::from_millis(millis)));
    assert_eq!((sensor(board, "power-instant").kind, sensor(board, "power-average").kind), (averaged(25), averaged(1_000)));
    assert_eq!(sensor(board, "memory-power").boundary, Boundary::GpuMemory);
    assert_eq!((sensor(board, "total-energy").stamp, sensor(board, "power-average").stamp), (Stamp::Read, Stamp::Device));
}

#[test]
fn older_boards_and_drivers_have_the_sensors_that_they_have() {
    let check = |settings: &[(&str, &str)], expected: &[&str], usage: Option<u64>| {
        let fake = FakeNvml::with(settings);
        let survey = look(&machine(&fake, None));
        let [board] = boards(&survey)[..] else { panic!("{survey:?}") };
        let energies = board.sensors.iter().filter(|sensor| sensor.tells_energy());
        assert_eq!(energies.map(|sensor| sensor.name.as_str()).collect::<Vec<_>>(), expected, "{settings:?}");
        if let Some(millis) = usage {
            assert_eq!(
                sensor(board, "power").kind,
                SensorKind::Power(PowerMeaning::Averaged(Duration::from_millis(millis))),
                "{settings:?}"
            );
        }
    };
    check(&[("ARCH", "4")], &["power"], Some(10));
    check(&[("ARCH", "5")], &["total-energy", "power"], Some(10));
    check(&[("ARCH", "6")], &["total-energy", "power"], Some(100));
    check(&[("ARCH", "7"), ("NAME", "NVIDIA A100-SXM4-80GB")], &["total-energy", "power-instant"], None);
    check(&[("ARCH", "7")], &["total-energy", "power-instant", "power-average"], None);
    check(&[("ARCH", "9"), ("FAULTS", "0:no-fields")], &["total-energy", "power"], Some(1_000));
}

#[test]
fn stamps_that_tell_no_update_are_not_used() {
    for stamps in ["query", "none"] {
        let fake = FakeNvml::with(&[("STAMPS", stamps)]);
        let survey = look(&machine(&fake, None));
        assert_eq!(sensor(boards(&survey)[0], "power-average").stamp, Stamp::Read, "{stamps}");
    }
}

#[test]
fn the_module_of_a_superchip_is_not_taken_for_its_board() {
    let fake = FakeNvml::with(&[("NAME", "NVIDIA GH200 480GB")]);
    let survey = look(&machine(&fake, None));
    let board = boards(&survey)[0];
    assert_eq!((sensor(board, "total-energy").boundary, sensor(board, "module-power").boundary), (Boundary::Module, Boundary::Module));
    assert_eq!(sensor(board, "power-instant").boundary, Boundary::GpuBoard);
}

#[test]
fn hidden_boards_are_listed_and_not_read() {
    let fake = FakeNvml::with(&[("GPUS", "3")]);
    let survey = look(&machine(&fake, Some("2,0,9,1")));
    let seen: Vec<_> = boards(&survey).iter().map(|board| (board.visible, board.sensors.is_empty())).collect();
    assert_eq!(seen, [(true, false), (false, true), (true, false)]);
    let opened = try_open(machine(&fake, Some("GPU-fa4e1111"))).expect("one is visible");
    let mut session = opened.backend.start().expect("starts");
    session.read_edge();
    let record = session.stop().expect("alive");
    assert!(!record.sensors.is_empty() && record.sensors.iter().all(|sensor| sensor.device == boards(&survey)[1].id));
}

#[test]
fn a_partition_is_shown_the_energy_of_its_parent_and_told_so() {
    let fake = FakeNvml::with(&[("GPUS", "2"), ("MIG", "1:2")]);
    let whole = look(&machine(&fake, None));
    let instances: Vec<_> = boards(&whole)[1].parts.iter().map(|part| part.id.as_str()).collect();
    assert_eq!(instances.len(), 2);
    let survey = look(&machine(&fake, Some(instances[1])));
    let [hidden, parent] = boards(&survey)[..] else { panic!("{survey:?}") };
    assert!(!hidden.visible && parent.visible);
    assert_eq!(parent.parts.iter().map(|part| part.visible).collect::<Vec<_>>(), [false, true]);
    let counter = sensor(parent, "total-energy");
    assert!(counter.boundary == Boundary::GpuPartition && counter.source.contains("whole parent board"), "{counter:?}");
    assert_eq!(sensor(boards(&whole)[0], "total-energy").boundary, Boundary::GpuBoard);
}

#[test]
fn a_profile_of_the_board_replaces_what_is_assumed() {
    let fake = FakeNvml::with(&[]);
    let before = look(&machine(&fake, None));
    let unknown = || "not looked for".to_owned();
    let counter = SensorProfile {
        sensor: "total-energy".to_owned(),
        update_period: Found::Value { value: Duration::from_millis(60), half_width: Duration::from_millis(1) },
        averaging_window: Found::Unknown(unknown()),
        lag: Found::Unknown(unknown()),
        resolution: Found::Value { value: 0.5, half_width: 0.0 },
        read_latency: Found::Unknown(unknown()),
        counter_ratio: Found::Unknown(unknown()),
        idle: Vec::new(),
    };
    let key = boards(&before)[0].key.clone();
    let profile = BoardProfile { key, at: SystemTime::UNIX_EPOCH, tool_version: "0".to_owned(), load: None, sensors: vec![counter] };
    let after = survey(&machine(&fake, None), vec![profile]);
    let counter = sensor(boards(&after)[0], "total-energy");
    assert_eq!((counter.update_period, counter.interval), (Duration::from_millis(60), Duration::from_millis(30)));
    assert!((counter.resolution - 0.5).abs() < 1e-12);
    assert_eq!(sensor(boards(&after)[0], "power-average").update_period, Duration::from_millis(100));
}
