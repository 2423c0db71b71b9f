//! `lem measure`: exit codes, streams and signals as a shell's user knows them, and energies whose truth is known.

#[path = "../../../lem-energy/tests/fake_nvml/mod.rs"]
mod fake_nvml;

use super::{Scene, check};
use fake_nvml::FakeNvml;
use serde_json::Value;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// 250 W at all times, read without a margin.
const STEADY: [&str; 5] = ["measure", "--backend", "virtual", "--set", "virtual.static_power=250W"];

fn steady(scene: &Scene, arguments: &[&str]) -> Output {
    scene.lem(&[&STEADY[..], arguments].concat())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A run of `lem measure` that goes on.
fn begin(scene: &Scene, library: Option<&FakeNvml>, arguments: &[&str]) -> Child {
    let mut command = scene.command(arguments);
    if let Some(library) = library {
        command.env("LD_LIBRARY_PATH", library.library().parent().unwrap());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}

/// Waits for a file to have so many lines.
fn await_lines(scene: &Scene, name: &str, n_lines: usize) -> String {
    for _ in 0..400 {
        let content = std::fs::read_to_string(scene.path().join(name)).unwrap_or_default();
        if content.lines().count() >= n_lines {
            return content;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("`{name}` never had {n_lines} lines");
}

#[test]
fn the_exit_is_the_programs() {
    let scene = Scene::new();
    let exit = |arguments: &[&str]| steady(&scene, arguments).status.code();
    assert_eq!(exit(&["--", "true"]), Some(0));
    assert_eq!(exit(&["--", "sh", "-c", "exit 41"]), Some(41));
    assert_eq!(exit(&["--", "sh", "-c", "kill -KILL $$"]), Some(128 + 9));
    assert_eq!(exit(&["sh", "-c", "exit 4"]), Some(4), "what stands behind the program's name is its own");
    assert_eq!(exit(&["--", "sh", "-c", "exit 2", "--json"]), Some(2));
}

#[test]
fn what_cannot_be_run_is_told_apart() {
    let scene = Scene::new();
    scene.write("data.txt", "no program");
    check("measure_not_found", &scene, &[&STEADY[..], &["--", "no-such-program"]].concat());
    check("measure_not_executable", &scene, &[&STEADY[..], &["--", "./data.txt"]].concat());
    check("measure_one_word", &scene, &[&STEADY[..], &["--", "sleep 1"]].concat());
    check("measure_nothing", &scene, &["measure"]);
    check("measure_setting", &scene, &["measure", "--set", "model_name=x", "--", "true"]);
    check("measure_unwritable", &scene, &[&STEADY[..], &["--output", "no/such/folder.json", "--", "touch", "ran"]].concat());
    assert!(!scene.path().join("ran").exists(), "the program must not run when its record cannot be written");
}

#[test]
fn the_report_leaves_the_programs_output_alone() {
    let output = steady(&Scene::new(), &["--", "sh", "-c", "cat; echo data; echo noise >&2"]);
    assert_eq!(text(&output.stdout), "data\n");
    let report = text(&output.stderr);
    assert!(report.starts_with("noise\n\nprogram   sh -c cat; echo data;"), "{report}");
    assert!(report.contains("\nended     exited with 0 after ") && report.contains(" gpu_board "), "{report}");
}

#[test]
fn json_alone_is_on_stdout_however_noisy_the_program() {
    let output = steady(&Scene::new(), &["-q", "--json", "--", "sh", "-c", "echo noise; echo more >&2; exit 5"]);
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(5), "noise\nmore\n"));
    assert_eq!(record["program"]["end"], serde_json::json!({ "type": "exited", "code": 5 }));
    assert_eq!((&record["schema_version"], &record["program"]["command"][0]), (&"3.0".into(), &"sh".into()));
}

#[test]
fn json_in_a_file_leaves_both_streams_alone() {
    let scene = Scene::new();
    let output = steady(&scene, &["--output", "energy.json", "--region", "FRA", "--", "sh", "-c", "echo data; sleep 0.2"]);
    let record: Value = serde_json::from_str(&std::fs::read_to_string(scene.path().join("energy.json")).unwrap()).unwrap();
    assert_eq!(text(&output.stdout), "data\n");
    assert!(text(&output.stderr).ends_with("written to energy.json\n"), "{}", text(&output.stderr));
    let (window_s, total) = (record["window_s"].as_f64().unwrap(), &record["totals"][0]);
    let energy_j = total["energy"]["value"].as_f64().unwrap();
    assert!(window_s >= 0.2 && (energy_j - 250.0 * window_s).abs() < 0.1, "{energy_j} J in {window_s} s");
    assert!(total["impact"]["carbon"]["value"].as_f64().unwrap() > 0.0);
}

#[test]
fn processor_time_is_the_programs_and_its_childrens() {
    let output = steady(&Scene::new(), &["--json", "--", "sh", "-c", "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'"]);
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (user_s, window_s) = (record["program"]["user_cpu_s"].as_f64().unwrap(), record["window_s"].as_f64().unwrap());
    assert!(user_s > 0.01 && user_s <= window_s + 0.02, "{user_s} s of {window_s} s");
}

#[test]
fn an_estimate_says_so_and_is_refused_when_a_measurement_is_asked_for() {
    let scene = Scene::new();
    let output = scene.lem(&["measure", "--backend", "estimate", "--", "sleep", "1.1"]);
    assert_eq!(output.status.code(), Some(0));
    let report = text(&output.stderr);
    assert!(report.contains("estimated") && report.contains("warning[energy-estimated]"), "{report}");
    scene.write("energy.json", "of an earlier run");
    let measured = ["measure", "--backend", "estimate", "--require", "measured", "--output", "energy.json", "--", "touch", "ran"];
    let refused = scene.lem(&measured);
    assert_eq!(refused.status.code(), Some(2), "no estimate can become a measurement: {}", text(&refused.stderr));
    assert!(!scene.path().join("ran").exists(), "{}", text(&refused.stderr));
    assert_eq!(std::fs::read_to_string(scene.path().join("energy.json")).unwrap(), "of an earlier run");
}

#[test]
fn a_window_too_short_for_the_estimate_is_no_energy_and_an_error_where_one_is_required() {
    let scene = Scene::new();
    let measure =
        |require: &str, program: &[&str]| scene.lem(&[&["measure", "--backend", "estimate", "--require", require, "--"], program].concat());
    let output = measure("any", &["true"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("error[window-too-short]"), "{}", text(&output.stderr));
    assert_eq!(measure("estimated", &["true"]).status.code(), Some(3));
    assert_eq!(measure("estimated", &["false"]).status.code(), Some(1), "the program's own failure comes first");
}

#[test]
fn without_a_sensor_the_program_runs_and_the_report_says_why_there_is_no_energy() {
    let output = Scene::new().lem(&["measure", "--backend", "none", "--", "echo", "ran"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ran\n"));
    assert!(text(&output.stderr).contains("error[energy-unavailable]: no energy sensor was read"), "{}", text(&output.stderr));
}

#[test]
fn signals_reach_the_program_once_and_the_report_still_comes() {
    let scene = Scene::new();
    let program = "trap 'echo int >> seen' INT; trap 'echo term >> seen; exit 3' TERM; echo ready >> seen; while :; do sleep 0.02; done";
    let child = begin(&scene, None, &[&STEADY[..], &["--", "sh", "-c", program]].concat());
    await_lines(&scene, "seen", 1);
    signal(&child, "INT");
    await_lines(&scene, "seen", 2);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(await_lines(&scene, "seen", 2), "ready\nint\n");
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), await_lines(&scene, "seen", 3).as_str()), (Some(3), "ready\nint\nterm\n"));
    assert!(text(&output.stderr).contains("exited with 3"), "{}", text(&output.stderr));
}

#[test]
fn a_program_that_a_signal_ends_gives_128_and_the_signal() {
    for (name, number, line) in [("INT", 2, "ended by SIGINT (2)"), ("TERM", 15, "ended by SIGTERM (15)")] {
        let scene = Scene::new();
        let child = begin(&scene, None, &[&STEADY[..], &["--", "sh", "-c", "echo ready > seen; exec sleep 60"]].concat());
        await_lines(&scene, "seen", 1);
        // The shell becomes `sleep` a moment after it wrote.
        std::thread::sleep(Duration::from_millis(100));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(128 + number));
        assert!(text(&output.stderr).contains(line), "{}", text(&output.stderr));
    }
}

#[test]
fn a_signal_before_the_program_starts_keeps_it_from_starting() {
    let scene = Scene::new();
    // The counter's updates take more than half a second to be seen around an edge.
    let library = FakeNvml::with(&[("WAVE", "flat:250")]);
    let child = begin(&scene, Some(&library), &["measure", "--backend", "nvml", "--", "touch", "ran"]);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("stopped before the program was started") && !scene.path().join("ran").exists());
}

/// Energy, its random uncertainty and the window of a program under fake boards.
fn on_boards(wave: &str, seconds: &str) -> (f64, f64, f64, Value) {
    let library = FakeNvml::with(&[("GPUS", "2"), ("WAVE", wave)]);
    let output = begin(&Scene::new(), Some(&library), &["measure", "--backend", "nvml", "--json", "--", "sleep", seconds])
        .wait_with_output()
        .unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    let total = &record["totals"][0];
    assert_eq!((&total["boundary"], &total["energy"]["grade"]), (&"gpu_board".into(), &"derived".into()), "{total}");
    let number = |value: &Value| value.as_f64().unwrap();
    (number(&total["energy"]["value"]), number(&total["energy"]["uncertainty"]["random"]), number(&record["window_s"]), record)
}

#[test]
fn a_steady_power_on_the_real_path_is_found_within_its_random_uncertainty() {
    // The second board draws a tenth more than the first.
    let (energy_j, random_j, window_s, record) = on_boards("flat:250", "2");
    let truth_j = (250.0 + 275.0) * window_s;
    assert!((energy_j - truth_j).abs() <= 4.0 * random_j.max(0.05), "{energy_j} ± {random_j} J against {truth_j} J");
    assert_eq!(record["devices"].as_array().unwrap().iter().filter(|device| device["boundary"] == "gpu_board").count(), 2);
    assert!(record["paths"].as_array().unwrap().iter().any(|path| path["first"] == "total-energy"), "{}", record["paths"]);
    assert!(record["gauges"].as_array().unwrap().iter().any(|gauge| gauge["gauge"] == "temperature_celsius"), "{}", record["gauges"]);
}

#[test]
fn a_square_wave_on_the_real_path_is_found_within_its_stated_interval() {
    // Whole periods from any phase, but for the few milliseconds by which a program sleeps too long.
    let (energy_j, random_j, window_s, _) = on_boards("square:100:400:0.6", "2.4");
    let (whole_j, late_s) = (2.1 * 250.0 * 2.4, window_s - 2.4);
    let allowed_j = 2.1 * 400.0 * late_s + 3.0 * random_j + 0.1;
    assert!((0.0..0.2).contains(&late_s), "{late_s} s late");
    assert!((energy_j - whole_j).abs() <= allowed_j, "{energy_j} ± {random_j} J against {whole_j} J in {window_s} s");
    assert!(random_j < 0.02 * energy_j, "±{random_j} J of {energy_j} J says nothing");
}
