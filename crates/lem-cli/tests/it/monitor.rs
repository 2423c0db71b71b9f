//! `lem monitor`: intervals, their end, and whoever reads them.

use super::{Scene, check};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

const STEADY: [&str; 5] = ["monitor", "--backend", "virtual", "--set", "virtual.static_power=250W"];

fn json_lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn watts(line: &Value) -> f64 {
    line["totals"][0]["mean_power"]["value"].as_f64().unwrap()
}

#[test]
fn a_planned_time_gives_a_line_per_interval_and_the_whole() {
    let arguments = [&STEADY[..], &["--interval", "200ms", "--duration", "0.7s", "--json"]].concat();
    let output = Scene::new().lem(&arguments);
    let lines = json_lines(&output.stdout);
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!((kinds.as_slice(), output.status.code()), (&["interval", "interval", "interval", "total"][..], Some(0)));
    for (line, number) in lines[..3].iter().zip(1..) {
        assert_eq!((&line["number"], &line["window_s"]), (&Value::from(number), &Value::from(0.2)));
        assert!((watts(line) - 250.0).abs() < 0.5, "{line}");
    }
    let whole = &lines[3];
    assert!((whole["window_s"].as_f64().unwrap() - 0.7).abs() < 1e-9 && (watts(whole) - 250.0).abs() < 0.5, "{whole}");
    let so_far_j = lines[2]["so_far"]["totals"][0]["energy"]["value"].as_f64().unwrap();
    assert!((so_far_j - 150.0).abs() < 0.2, "{so_far_j} J after three intervals");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn without_a_terminal_each_interval_is_a_line_and_the_totals_a_table() {
    let output = Scene::new().lem(&[&STEADY[..], &["--interval", "100ms", "--duration", "300ms"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[..3].iter().all(|line| line.contains("Z  gpu_board 2") && line.ends_with("measured)")), "{text}");
    assert!(lines[3] == "watched for 300.0 ms in 3 intervals" && text.contains(" gpu_board "), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours and no movements outside of a terminal: {text}");
}

#[test]
fn a_signal_is_the_normal_end() {
    for name in ["INT", "TERM"] {
        let scene = Scene::new();
        let arguments = [&STEADY[..], &["--interval", "100ms", "--json"]].concat();
        let mut child = scene.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        assert!(Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap().success());
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(json_lines(rest.as_bytes()).last().unwrap()["type"], "total", "{rest}");
    }
}

#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    let scene = Scene::new();
    let arguments = [&STEADY[..], &["--interval", "100ms"]].concat();
    let mut child = scene.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn mistakes_are_named() {
    let scene = Scene::new();
    check("monitor_unit", &scene, &["monitor", "--interval", "5"]);
    check("monitor_bounds", &scene, &["monitor", "--interval", "1ms"]);
    check("monitor_no_sensor", &scene, &["monitor", "--backend", "none"]);
    check("monitor_setting", &scene, &["monitor", "--set", "virtual.static_power=1W"]);
}

#[test]
fn what_can_be_typed_is_explained() {
    let scene = Scene::new();
    check("measure_help", &scene, &["measure", "--help"]);
    check("monitor_help", &scene, &["monitor", "--help"]);
}
