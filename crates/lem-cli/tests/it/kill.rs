//! Runs that are killed at any instant: going on gives what an undisturbed run gives, and no cycle is measured twice.
#![expect(clippy::disallowed_methods, reason = "how long another program takes is no duration of a record")]
#![expect(clippy::print_stderr, reason = "whoever asks for more kills wants to know what they met")]

use super::{Scene, scene};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const RUN: &[&str] = &["-q", "experiment", "virtual.yaml", "--cycles", "4", "--json"];
const GO_ON: &[&str] = &["-q", "experiment", "--resume", "2", "--json"];

/// Kills, unless `LEM_KILLS` says how many; `cargo xtask bench kill` asks for more.
const KILLS: u32 = 20;

fn kills() -> u32 {
    std::env::var("LEM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

/// The fraction of a kill, spread evenly and without pattern: multiples of the golden ratio.
fn fraction(kill: u32) -> f64 {
    (f64::from(kill) * 0.618_033_988_749_895).fract()
}

fn bundle(scene: &Scene) -> Option<PathBuf> {
    let entries = std::fs::read_dir(scene.path().join("results")).ok()?;
    entries.map(|entry| entry.unwrap().path()).find(|path| path.join("manifest.json").is_file())
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

/// The raw files of every complete cycle.
fn complete(bundle: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(&bundle.join("raw"), &mut found);
    let hosts: Vec<PathBuf> = found.keys().filter(|path| path.ends_with("host.json")).cloned().collect();
    found.retain(|path, _| hosts.iter().any(|host| host.parent() == path.parent()) && !is_temporary(path));
    found
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

/// Every difference between two documents, with its place. Energies are read by sensors that update when they do, so a window
/// that opens at another instant is read within 0.1 %; everything that is counted, and every time, is the same.
fn differences(place: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                // How sure an energy is depends on where in a sensor's period its window opens.
                if key != "experiment_id" && key != "uncertainty" {
                    differences(&format!("{place}.{key}"), &of(a), &of(b), found);
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(index, (a, b))| differences(&format!("{place}[{index}]"), a, b, found));
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            if (a - b).abs() > 1e-3 * a.abs().max(b.abs()) {
                found.push(format!("{place}: {a} and {b}"));
            }
        }
        _ if a == b => {}
        _ => found.push(format!("{place}: {a} and {b}")),
    }
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_figures() {
    let undisturbed = scene();
    let begun = Instant::now();
    let output = undisturbed.lem(RUN);
    let took = begun.elapsed();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected["cycles"].as_array().unwrap().len(), 4);

    let (mut n_resumed, mut n_kept) = (0, 0);
    for kill in 1..=kills() {
        let scene = scene();
        let mut run = scene.command(RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(took.mul_f64(fraction(kill)));
        // It may be done already, which is one of the instants.
        let _ = run.kill();
        run.wait().unwrap();

        let begun = bundle(&scene);
        let before = begun.as_deref().map(complete).unwrap_or_default();
        let output = scene.lem(if begun.is_some() { GO_ON } else { RUN });
        let is_finished = output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("is finished");
        assert!(output.status.success() || is_finished, "kill {kill}: {output:?}");
        n_resumed += u32::from(begun.is_some() && !is_finished);
        n_kept += u32::from(!before.is_empty());

        let bundle = bundle(&scene).unwrap();
        let after = complete(&bundle);
        let is_kept = |(path, bytes): (&PathBuf, &Vec<u8>)| after.get(path) == Some(bytes);
        assert!(before.iter().all(is_kept), "kill {kill}: a cycle that was complete was measured again");
        let mut everything = BTreeMap::new();
        files(&bundle, &mut everything);
        for (path, bytes) in everything.iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == "json")) {
            serde_json::from_slice::<Value>(bytes).unwrap_or_else(|error| panic!("kill {kill}: {}: {error}", path.display()));
        }
        let figures: Value = serde_json::from_slice(&everything[&bundle.join("aggregated.json")]).unwrap();
        let state: Value = serde_json::from_slice(&everything[&bundle.join("state.json")]).unwrap();
        assert_eq!(state["phase"], "completed", "kill {kill}");
        let mut found = Vec::new();
        differences("", &expected, &figures, &mut found);
        assert!(found.is_empty(), "kill {kill}: {found:#?}");
    }
    eprintln!("{} kills: {n_resumed} runs went on, {n_kept} of them had complete cycles", kills());
    assert!(n_resumed > 0, "no kill met a run");
}

#[test]
fn an_experiment_is_run_by_one_process_at_a_time() {
    let scene = scene();
    // In real time, so that there is a while in which it runs.
    scene.write("slow.yaml", &super::VIRTUAL.replace("itl: 10ms", "itl: 200ms, clock: real"));
    let mut run = scene.command(&["-q", "experiment", "slow.yaml", "--cycles", "50"]).stdout(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bundle(&scene).is_none_or(|bundle| !bundle.join("state.json").is_file()) {
        assert!(Instant::now() < deadline, "the run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = scene.lem(GO_ON);
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is being run by another process"), "{refused:?}");
}

#[test]
fn a_finished_experiment_is_not_gone_on_with_and_an_unfinished_one_is_named() {
    let scene = scene();
    assert!(scene.lem(RUN).status.success());
    let finished = scene.lem(GO_ON);
    assert_eq!(finished.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&finished.stderr).contains("lem results show"), "{finished:?}");

    // As a kill after its second cycle leaves it.
    let bundle = bundle(&scene).unwrap();
    for cycle in ["raw/cycle_2", "raw/cycle_3"] {
        std::fs::remove_dir_all(bundle.join(cycle)).unwrap();
    }
    std::fs::remove_file(bundle.join("aggregated.json")).unwrap();
    let state = std::fs::read_to_string(bundle.join("state.json")).unwrap().replace("\"completed\"", "\"measuring\"");
    std::fs::write(bundle.join("state.json"), state).unwrap();
    let again = ["experiment", "virtual.yaml", "--cycles", "4"];
    let told = String::from_utf8(scene.lem(&again).stderr).unwrap();
    assert!(told.contains("2 of 4 cycles") && told.contains("lem experiment --resume"), "{told}");
    let told = String::from_utf8(scene.lem(&[&again[..], &["--fresh"]].concat()).stderr).unwrap();
    assert!(!told.contains("unfinished"), "{told}");
    let id = bundle.file_name().unwrap().to_str().unwrap();
    assert!(scene.lem(&["-q", "experiment", "--resume", id]).status.success());
}

#[test]
fn runs_that_start_at_once_in_one_folder_do_not_meet() {
    // Whole programs, as many at a time as a test may ask for; threads of one are tested where ids are made.
    let scene = scene();
    let mut runs: Vec<_> = (0..8).map(|_| scene.command(&["-q", "run", "virtual.yaml"]).stdout(Stdio::piped()).spawn().unwrap()).collect();
    let mut ids = std::collections::BTreeSet::new();
    for run in runs.drain(..) {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        ids.insert(String::from_utf8(output.stdout).unwrap());
    }
    assert_eq!(ids.len(), 8);
    assert_eq!(std::fs::read_dir(scene.path().join("results")).unwrap().count(), 8);
}
