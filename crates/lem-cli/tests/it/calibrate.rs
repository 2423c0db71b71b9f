//! `lem calibrate` as a user runs it, on a board of the stand-in for NVML whose power follows the load.

use super::Scene;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Runs until it is stopped, and writes down which process it is, for the library to draw power by.
const LOAD: &str = "echo $$ > pid; exec sleep 600";

/// A machine with one NVIDIA board.
struct Lab {
    scene: Scene,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { scene: Scene::new() };
        let library = lab.path().join("libnvidia-ml.so.1");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lem-energy/tests/fake_nvml/fake_nvml.c");
        let flags = ["-shared", "-fPIC", "-O2", "-Wl,-soname,libnvidia-ml.so.1"];
        let built = Command::new("cc").args(flags).arg("-o").arg(&library).arg(source).args(["-lm", "-ldl"]).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        lab.drive("580.00");
        lab
    }

    /// Sets the driver's version.
    fn drive(&self, version: &str) {
        let pid = self.path().join("pid");
        let lines = format!("FAKE_NVML_WAVE=process:80:330\nFAKE_NVML_LOAD_PID={}\nFAKE_NVML_DRIVER={version}\n", pid.display());
        self.scene.write("fake_nvml.conf", &lines);
    }

    fn path(&self) -> &Path {
        self.scene.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lem"));
        command.args(arguments).current_dir(self.path()).env("LD_LIBRARY_PATH", self.path());
        command.env("LEM_DATA_DIR", self.path().join("data")).env("NO_COLOR", "1").env_remove("CUDA_VISIBLE_DEVICES");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn lem(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.lem(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The process that the load wrote down, once it did.
    fn load(&self) -> Option<String> {
        std::fs::read_to_string(self.path().join("pid")).ok().map(|pid| pid.trim().to_owned()).filter(|pid| !pid.is_empty())
    }

    /// The stored profiles with their bytes.
    fn stored(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let Ok(entries) = std::fs::read_dir(self.path().join("data/profiles")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn is_gone(pid: &str) -> bool {
    // A killed process that nobody has waited for yet is a zombie.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within a minute: {what}");
}

fn seconds(found: &Value) -> f64 {
    found["value"].as_f64().unwrap_or_else(|| panic!("{found}")) / 1e9
}

#[test]
fn a_board_is_calibrated_kept_used_and_not_forgotten() {
    let lab = Lab::new();
    let calibrate = ["calibrate", "--device", "nvml", "--duration", "40s", "--json"];
    let report = lab.json(&[&calibrate[..], &["--load", LOAD]].concat());
    let board = &report["boards"][0];
    assert_eq!((&board["profile"]["load"], &board["changes"]), (&LOAD.into(), &Value::Null));
    let sensor = |name: &str| board["profile"]["sensors"].as_array().unwrap().iter().find(|sensor| sensor["sensor"] == name).unwrap();
    let near = |found: f64, truth: f64, within: f64| assert!((found - truth).abs() <= within, "{found} is not {truth}: {board}");
    near(seconds(&sensor("total-energy")["update_period_ns"]), 0.1, 1e-3);
    near(seconds(&sensor("power-average")["averaging_window_ns"]), 1.0, 0.1);
    near(seconds(&sensor("power-average")["lag_ns"]), 0.5, 0.05);
    near(seconds(&sensor("power-instant")["averaging_window_ns"]), 0.025, 0.03);
    near(sensor("power-average")["counter_ratio"]["value"].as_f64().unwrap(), 1.0, 0.03);
    near(sensor("total-energy")["idle"][0]["power_w"]["value"].as_f64().unwrap(), 80.0, 1.0);
    assert!(is_gone(&lab.load().unwrap()), "the load is left behind");

    let stored = lab.stored();
    assert_eq!((stored.len(), board["stored"].as_str()), (1, stored[0].0.to_str()));
    let list = String::from_utf8(lab.lem(&["calibrate", "--list"]).stdout).unwrap();
    assert!(list.contains("NVIDIA Fake GPU (nvidia 580.00, 96.00.fa.4e.00), calibrated on 20") && list.contains(LOAD), "{list}");
    assert_eq!(lab.json(&["calibrate", "--list", "--json"])[0], board["profile"]);

    let device = &lab.json(&["gpus", "--json"])["devices"][0];
    assert!(device["facts"].as_array().unwrap().iter().any(|fact| fact["name"] == "calibrated"), "{device}");
    assert!(device["sensors"][0]["read_by"].as_str().unwrap().contains("; calibrated on 20"), "{device}");

    // Without a load less is found, which does not take the place of more.
    let less = lab.lem(&calibrate[..5]);
    assert!(
        less.status.success() && said(&less).contains("not stored: the profile before knows what this one does not"),
        "{}",
        said(&less)
    );
    assert!(String::from_utf8(less.stdout).unwrap().contains("no load went on and off"));
    assert_eq!(lab.stored(), stored);

    lab.drive("590.00");
    let text = String::from_utf8(lab.lem(&["gpus"]).stdout).unwrap();
    assert!(
        text.contains("not calibrated: the profile of 20") && text.contains("made with nvidia 580.00, and this is nvidia 590.00"),
        "{text}"
    );
}

/// Starts a calibration and waits until its load runs.
fn under_way(lab: &Lab, load: &str) -> (Child, String) {
    let child = lab.command(&["calibrate", "--device", "nvml", "--duration", "40s", "--load", load]).spawn().unwrap();
    eventually("the load runs", || lab.load().is_some());
    (child, lab.load().unwrap())
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn an_interrupt_leaves_neither_a_load_nor_a_change() {
    let lab = Lab::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let _ = std::fs::remove_file(lab.path().join("pid"));
        let (child, load) = under_way(&lab, LOAD);
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(said(&output).contains("stopping: nothing is stored") && output.stdout.is_empty(), "{}", said(&output));
        assert!(is_gone(&load) && lab.stored().is_empty());
    }
    // Killed, it can do nothing itself: the kernel ends the load.
    let _ = std::fs::remove_file(lab.path().join("pid"));
    let (mut child, load) = under_way(&lab, LOAD);
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the load is gone", || is_gone(&load));
}

#[test]
fn a_load_that_cannot_be_one_is_refused_before_anything_is_watched() {
    let lab = Lab::new();
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let output = lab.lem(&[&["calibrate"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    };
    check(&["--load", "no-such-program"], 2, "error: the load `no-such-program` cannot be started: `no-such-program` is not found");
    check(&["--device", "nvml:7"], 2, "error: no device with a sensor is called `nvml:7`\nhint: choose among");
    check(&["--duration", "5s"], 2, "a calibration needs 40 s at least");
    check(&["--duration", "soon"], 2, "`soon` does not start with a decimal number");
    check(&["--device", "nvml", "--load", "exit 0", "--duration", "40s"], 1, "error: the load `exit 0` ended by itself: exit status: 0");
    let dry = lab.lem(&["calibrate", "--device", "nvml", "--load", LOAD, "--dry-run"]);
    let text = String::from_utf8(dry.stdout).unwrap();
    assert!(text.contains("nvml:0 NVIDIA Fake GPU [GPU-") && text.contains(&format!("load: {LOAD}\n")), "{text}");
    assert!(lab.load().is_none() && !lab.path().join("data").exists(), "a dry run does nothing");
}
