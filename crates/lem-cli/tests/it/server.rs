//! A server that runs already, from the command line to what is stored.

use super::Scene;
use lem_core::mock_server::{MockPlan, MockServer};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

fn mock(faults: &[&str]) -> MockServer {
    let faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let plan = MockPlan { ttft: Duration::from_millis(5), itl: Duration::from_millis(1), faults, ..MockPlan::default() };
    MockServer::start(plan, 0).unwrap()
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("prompts.txt", &(1..=6).map(|index| format!("one two three {index}\n\n")).collect::<String>());
    scene
}

const PROMPTS: [&str; 10] =
    ["--prompts", "prompts.txt", "-n", "all", "--max-tokens", "8", "--set", "energy.backend=none", "--set", "warmup.requests=1"];

/// What a run prints as JSON, and its exit code.
fn run(scene: &Scene, arguments: &[&str]) -> (Value, i32) {
    let arguments = [&["-q", "experiment", "--yes", "--json", "--model", "mock"], arguments, &PROMPTS].concat();
    let output = scene.lem(&arguments);
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{shown}")), output.status.code().unwrap())
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { contents.extend(files(&path)) } else { contents.push(std::fs::read(&path).unwrap()) }
    }
    contents
}

#[test]
fn a_server_that_runs_is_measured_and_its_tokens_are_counted() {
    let (scene, mock) = (scene(), mock(&[]));
    let (summary, exit) = run(&scene, &["--url", &mock.base_url(), "--concurrency", "2", "--set", "slo.ttft=1h"]);
    assert_eq!(exit, 0, "{summary}");
    assert_eq!(
        (&summary["requests"]["completed"], &summary["tokens"]["output"], &summary["tokens"]["prompt"]),
        (&6.into(), &48.into(), &24.into())
    );
    let load = &summary["load"];
    assert_eq!((&load["most_in_flight"], &load["counts"]["totals"][0]["source"]), (&2.into(), &"usage".into()));
    assert_eq!((&load["goodput"]["met"], &load["counts"]["differing_requests"]), (&6.into(), &0.into()));
    assert_eq!((&summary["steady"]["rule"], &summary["latency"]["itl_s"]["count"]), (&"full_places".into(), &42.into()));
    let shown = String::from_utf8(scene.lem(&["results", "show", "2"]).stdout).unwrap();
    for expected in ["requests in flight", "dispatch delay", "output tokens, usage", "goodput", "steady for"] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
}

#[test]
fn what_fails_is_counted_by_name_and_the_rest_is_kept() {
    let (scene, mock) = (scene(), mock(&["reset=2/2"]));
    let (summary, exit) = run(&scene, &["--url", &mock.base_url(), "--endpoint", "chat", "--concurrency", "1"]);
    assert_eq!(exit, 4, "{summary}");
    // Every second request is hit, and the first of them only warmed up.
    assert_eq!((&summary["requests"]["completed"], &summary["requests"]["failed"]), (&3.into(), &3.into()));
    assert_eq!(summary["load"]["failures"], serde_json::json!([{ "failure": "reset", "requests": 3 }]));
    let finding = summary["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "requests-failed").unwrap();
    assert_eq!(finding["message"], "3 requests failed: 3 reset");
    assert_eq!(summary["tokens"]["output"], 24, "nobody counted what came of the others");
    assert!(summary["throughput"]["output"]["value"].as_f64().is_some_and(|rate| rate > 0.0));
}

#[test]
fn a_key_is_sent_and_kept_nowhere() {
    const KEY: &str = "sk-nobody-may-see-this";
    let (scene, mock) = (scene(), mock(&[]));
    let (url, variable) = (mock.base_url(), "openai.api_key_env=LEM_TEST_KEY");
    let arguments = ["experiment", "--yes", "--model", "mock", "--url", &url, "--set", variable];
    let arguments: Vec<&str> = arguments.into_iter().chain(PROMPTS).collect();
    let output = scene.command(&arguments).env("LEM_TEST_KEY", KEY).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let written = files(scene.path()).into_iter().chain([output.stdout, output.stderr]);
    for text in written {
        assert!(!text.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{}", String::from_utf8_lossy(&text));
    }
    let missing = scene.lem(&arguments);
    assert_eq!(missing.status.code(), Some(2), "{}", String::from_utf8_lossy(&missing.stderr));
}

#[test]
fn a_recorded_load_says_when_requests_come_and_how_long_their_outputs_are() {
    let (scene, mock) = (Scene::new(), mock(&[]));
    let line = |millis: u32, output: u32| format!("{{\"timestamp\": {millis}, \"input_length\": 5, \"output_length\": {output}}}\n");
    scene.write("trace.jsonl", &[line(100, 3), line(110, 5), line(150, 2)].concat());
    let settings = ["--set", "energy.backend=none", "--set", "warmup.requests=0", "--max-tokens", "8", "-n", "3"];
    let url = mock.base_url();
    let arguments = ["-q", "experiment", "--yes", "--json", "--model", "mock", "--url", &url, "--trace", "trace.jsonl"];
    let arguments: Vec<&str> = arguments.into_iter().chain(settings).collect();
    let output = scene.lem(&arguments);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((&summary["tokens"]["output"], &summary["tokens"]["prompt"]), (&10.into(), &15.into()), "{summary}");
    assert_eq!(summary["load"]["schedule"]["intended_rate_per_s"], 40.0, "two gaps in 50 ms");
}

#[test]
fn a_server_that_does_not_answer_is_said_at_once() {
    let scene = scene();
    let url = mock(&[]).base_url();
    let arguments: Vec<&str> = ["experiment", "--yes", "--model", "mock", "--url", &url].into_iter().chain(PROMPTS).collect();
    let output = scene.lem(&arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && said.contains("does not answer"), "{said}");
}
