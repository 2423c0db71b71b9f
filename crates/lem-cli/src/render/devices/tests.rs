//! A machine of a partitioned board, a hidden one, a refused socket and an estimate, as it is shown.

use super::*;
use lem_domain::counter::CounterRange;
use lem_domain::profile::ProfileKey;
use lem_domain::sensor::{Gain, Gauge, PowerMeaning, SensorDescriptor, SensorKind, SourceStatus, SourceVerdict, Stamp, ThreadPower};
use lem_domain::spec::EnergySource;
use lem_domain::units::Watts;
use lem_domain::{Boundary, DeviceId};
use lem_energy::{Device, Survey};
use std::time::Duration;

fn sensor(name: &str, kind: SensorKind, boundary: Boundary, millis: u64, half_width: f64) -> SensorDescriptor {
    SensorDescriptor {
        name: name.to_owned(),
        device: DeviceId::new("a device"),
        device_name: "A device".to_owned(),
        kind,
        boundary,
        update_period: Duration::from_millis(millis),
        stamp: Stamp::Read,
        interval: Duration::from_millis(50),
        resolution: 0.001,
        gain: Gain { half_width, source: "assumed".to_owned() },
        source: "a call".to_owned(),
    }
}

fn device(id: &str, name: &str, source: EnergySource) -> Device {
    Device {
        id: DeviceId::new(id),
        name: name.to_owned(),
        source,
        index: Some(0),
        visible: true,
        key: ProfileKey { board: name.to_owned(), driver: String::new(), firmware: String::new() },
        facts: Vec::new(),
        sensors: Vec::new(),
        problem: None,
        parts: Vec::new(),
    }
}

fn survey() -> Survey {
    let counter = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };
    let instance = |id, index| Device { index: Some(index), ..device(id, "MIG 1g.10gb", EnergySource::Nvml) };
    let board = Device {
        facts: vec![("driver".to_owned(), "580.1".to_owned()), ("MIG".to_owned(), "on".to_owned())],
        sensors: vec![
            sensor("total-energy", SensorKind::EnergyCounter(counter), Boundary::GpuBoard, 100, 0.1),
            sensor("power", SensorKind::Power(PowerMeaning::Averaged(Duration::from_secs(1))), Boundary::GpuBoard, 100, 0.035),
            sensor("temperature", SensorKind::Gauge(Gauge::Temperature), Boundary::GpuBoard, 0, 0.0),
        ],
        parts: vec![instance("MIG-1", 0), Device { visible: false, ..instance("MIG-2", 1) }],
        ..device("GPU-1", "Board", EnergySource::Nvml)
    };
    let hidden = Device { index: Some(1), visible: false, ..device("GPU-2", "Board", EnergySource::Nvml) };
    let socket = Device { problem: Some("perf: denied".to_owned()), ..device("cpu-package-0", "Processor", EnergySource::Rapl) };
    let busy = SensorKind::BusyTime(ThreadPower { threads: 2, idle: Watts::new(1.0), max: Watts::new(4.0) });
    let estimate = Device {
        index: None,
        sensors: vec![sensor("busy-time", busy, Boundary::CpuPackage, 10, 0.5)],
        ..device("processor", "Processor", EnergySource::Estimate)
    };
    let verdict = |source: EnergySource, status| SourceVerdict { source: source.to_string(), status };
    Survey {
        verdicts: vec![
            verdict(EnergySource::Nvml, SourceStatus::Works),
            verdict(EnergySource::Rapl, SourceStatus::NotPermitted { reason: "perf: denied".to_owned(), fix: "let me".to_owned() }),
            verdict(EnergySource::Amd, SourceStatus::Absent("no AMD board".to_owned())),
            verdict(EnergySource::Estimate, SourceStatus::Works),
        ],
        devices: vec![board, hidden, socket, estimate],
        findings: Vec::new(),
    }
}

#[test]
fn parts_stand_below_their_board_and_refusals_beside_their_fix() {
    let expected = "\
nvml: works
├─ 0 Board [GPU-1]
│  │  driver: 580.1
│  │  MIG: on
│  │  sensor        shows             boundary   updated every  mean over  gain
│  │  total-energy  energy [J]        gpu_board  100.0 ms       -          ±10 %
│  │  power         mean power [W]    gpu_board  100.0 ms       1000 ms    ±3.5 %
│  │  temperature   temperature [°C]  gpu_board  continuous     -          -
│  ├─ 0 MIG 1g.10gb [MIG-1]
│  └─ 1 MIG 1g.10gb [MIG-2], hidden from programs
└─ 1 Board [GPU-2], hidden from programs
rapl: perf: denied
  fix: let me
└─ 0 Processor [cpu-package-0]
      not read: perf: denied
amd: no AMD board
estimate: works
└─ Processor [processor]
      sensor     shows                       boundary     updated every  mean over  gain
      busy-time  busy time [thread-seconds]  cpu_package  10.00 ms       -          ±50 %
";
    assert_eq!(tree(&Report::of(&survey()), "nothing"), expected);
}

#[test]
fn nothing_found_is_said_with_the_reasons() {
    let verdict = SourceVerdict { source: "amd".to_owned(), status: SourceStatus::Absent("no AMD board".to_owned()) };
    let report = Report::of(&Survey { verdicts: vec![verdict], ..Survey::default() });
    assert_eq!(tree(&report, "no accelerator was found"), "no accelerator was found\namd: no AMD board\n");
}

#[test]
fn json_names_are_stable_and_absent_is_null() {
    let json = serde_json::to_value(Report::of(&survey())).expect("plain data");
    assert_eq!(json["sources"][1]["verdict"]["status"], "not_permitted");
    let board = &json["devices"][0];
    assert_eq!((&board["facts"][0]["name"], &board["parts"][1]["visible"]), (&"driver".into(), &false.into()));
    let power = serde_json::json!({
        "name": "power", "shows": "mean power", "unit": "W", "boundary": "gpu_board", "update_period_s": 0.1, "averaging_window_s": 1.0,
        "gain_half_width_ratio": 0.035, "gain_source": "assumed", "read_by": "a call"
    });
    assert_eq!(board["sensors"][1], power);
    let gauge = &board["sensors"][2];
    assert!(gauge["update_period_s"].is_null() && gauge["gain_half_width_ratio"].is_null() && gauge["gain_source"].is_null());
    assert!(board["problem"].is_null() && json["devices"][3]["index"].is_null());
}
