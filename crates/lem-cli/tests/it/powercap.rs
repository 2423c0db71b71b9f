//! The built program on a machine that has RAPL: a powercap tree, put over `/sys` in a mount namespace of its own.
//!
//! Where the machine allows no such namespace, the tests say why on standard error and show nothing.

use super::{Scene, VIRTUAL};
use lem_domain::units::Watts;
use lem_domain::world::Waveform;
use lem_domain::{Clock, HostClock};
use lem_energy::virtual_hardware::{PowercapTree, Zone};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Hides what else the machine has of it: the real zones, and perf's own way to the same registers.
const COVER: &str = "\
set -e
mount --bind \"$1\" /sys/class
for real in /sys/devices/virtual/powercap /sys/bus/event_source/devices; do
    if [ -d $real ]; then mount -t tmpfs tmpfs $real; fi
done
shift
exec \"$@\"
";

/// A scene whose programs see a socket of 60 W with 8 W of memory, in a platform of 90 W, and no other device.
struct Socket {
    scene: Scene,
    _tree: PowercapTree,
}

impl Socket {
    /// `None`, and said why, where the machine does not allow it.
    fn new() -> Option<Self> {
        let scene = super::scene();
        let zone = |folder: &str, name: &str, watts| Zone::new(folder, name, Waveform::Flat(Watts::new(watts)));
        let zones = vec![zone("intel-rapl:0", "package-0", 60.0), zone("intel-rapl:0:0", "dram", 8.0), zone("intel-rapl:1", "psys", 90.0)];
        let tree = PowercapTree::grow(&class(&scene).join("powercap"), zones, HostClock.now()).unwrap();
        let socket = Self { scene, _tree: tree };
        match socket.command(&["true"]).output() {
            Ok(output) if output.status.success() => Some(socket),
            Ok(output) => skip(String::from_utf8_lossy(&output.stderr).trim()),
            Err(error) => skip(&format!("unshare: {error}")),
        }
    }

    fn command(&self, program: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", COVER, "sh"]).arg(class(&self.scene)).args(program);
        command
    }

    fn lem(&self, arguments: &[&str]) -> Output {
        let program = [&[env!("CARGO_BIN_EXE_lem")], arguments].concat();
        super::surrounded(&mut self.command(&program), self.scene.path()).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.lem(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn class(scene: &Scene) -> std::path::PathBuf {
    Path::new(scene.path()).join("class")
}

#[expect(clippy::print_stderr, reason = "a test that shows nothing says so")]
fn skip(reason: &str) -> Option<Socket> {
    eprintln!("skipped: this machine allows no mount namespace of one's own: {reason}");
    None
}

#[test]
fn devices_and_the_doctor_find_the_socket() {
    let Some(socket) = Socket::new() else { return };
    let report = socket.json(&["devices", "--json"]);
    let devices: Vec<_> = report["devices"].as_array().unwrap().iter().filter(|device| device["source"] == "rapl").collect();
    let sensors: Vec<_> =
        devices.iter().flat_map(|device| device["sensors"].as_array().unwrap()).map(|sensor| sensor["name"].as_str().unwrap()).collect();
    assert_eq!(sensors, ["package", "dram", "platform"], "{report}");

    let report = socket.json(&["doctor", "--json", "--require", "measured"]);
    assert_eq!(report["best_grade"], "measured");
    let rapl = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "rapl").unwrap();
    assert_eq!(rapl["status"], "ok", "{rapl}");
}

#[test]
fn an_experiment_is_measured_by_the_socket_alone() {
    let Some(socket) = Socket::new() else { return };
    socket.scene.write(
        "real.yaml",
        &VIRTUAL.replace("energy: { interval: 5ms }", "energy: { backend: rapl }").replace("itl: 10ms", "itl: 100ms, clock: real"),
    );
    let result = socket.json(&["experiment", "real.yaml", "--require", "measured", "--json"]);
    let window = result["window_s"].as_f64().unwrap();
    // On a busy machine the files grow some milliseconds late.
    let check = |energy: &Value, watts: f64| {
        assert_eq!((energy["grade"].as_str(), energy["validity"].as_str()), (Some("measured"), Some("ok")), "{energy}");
        let joules = energy["value"].as_f64().unwrap();
        assert!((joules / (watts * window) - 1.0).abs() <= 0.04, "{joules} J of {watts} W over {window} s");
    };
    // The platform holds the socket, and memory stands beside it: neither is added.
    check(&result["energy"]["total"], 60.0);
    assert_eq!(result["energy"]["total"]["boundary"], "cpu_package");
    let readings = result["readings"].as_array().unwrap();
    for (sensor, watts) in [("package", 60.0), ("dram", 8.0), ("platform", 90.0)] {
        check(&readings.iter().find(|reading| reading["sensor"] == sensor).unwrap()["energy"], watts);
    }
    assert_eq!(result["findings"].as_array().map(Vec::len), Some(0), "{}", result["findings"]);
}
