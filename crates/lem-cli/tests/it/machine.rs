//! What is told of the machine that the tests run on: only what holds on every one.

use super::Scene;
use serde_json::Value;

/// The JSON that a command prints, and its exit code.
fn json(scene: &Scene, arguments: &[&str]) -> (Value, i32) {
    let output = scene.lem(arguments);
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code().unwrap())
}

fn names<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

#[test]
fn every_source_answers_and_an_estimate_is_a_device() {
    let (report, exit) = json(&Scene::new(), &["devices", "--json"]);
    assert_eq!((names(&report["sources"], "source"), exit), (vec!["nvml", "rapl", "amd", "hwmon", "estimate"], 0));
    assert!(names(&report["devices"], "source").contains(&"estimate"), "{report}");
    let text = String::from_utf8(Scene::new().lem(&["devices"]).stdout).unwrap();
    assert!(text.contains("\nestimate: works\n└─ ") && text.contains("busy-time  busy time [thread-seconds]"), "{text}");
}

#[test]
fn accelerators_stand_alone() {
    let (report, exit) = json(&Scene::new(), &["gpus", "--json"]);
    let sources = names(&report["sources"], "source");
    assert!(sources.starts_with(&["nvml", "amd"]) && !sources.contains(&"estimate") && exit == 0, "{report}");
    assert!(!names(&report["devices"], "source").contains(&"rapl"), "{report}");
}

#[test]
fn an_estimate_is_enough_for_the_doctor_unless_a_measurement_is_asked_for() {
    let scene = Scene::new();
    let (report, exit) = json(&scene, &["doctor", "--json"]);
    assert_eq!(exit, 0);
    let checks = names(&report["checks"], "name");
    for name in ["nvml", "rapl", "estimate", "persistence_mode", "cpu_governor", "perf_event_paranoid", "clock_source", "results_folder"] {
        assert!(checks.contains(&name), "{name} among {checks:?}");
    }
    let measures = report["best_grade"] == "measured";
    let strict = scene.lem(&["doctor", "--require", "measured"]);
    assert_eq!(strict.status.code(), Some(if measures { 0 } else { 3 }));
    let said = String::from_utf8(strict.stderr).unwrap();
    assert_eq!(said.contains("error: no sensor measures energy here"), !measures, "{said}");
}

#[test]
fn a_results_folder_that_cannot_be_written_is_told_and_none_is_made() {
    let scene = Scene::new();
    scene.write("file", "");
    let text = |folder| String::from_utf8(scene.lem(&["doctor", "-o", folder]).stdout).unwrap();
    let line = |folder| text(folder).lines().find(|line| line.contains("results folder")).unwrap().to_owned();
    assert!(line("file").starts_with("fail "), "{}", line("file"));
    assert!(line("fresh").starts_with("ok ") && !scene.path().join("fresh").exists(), "{}", line("fresh"));
}
