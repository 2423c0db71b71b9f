//! Studies and batches of the simulated machine: what is run, what is not, and going on after a stop.

use super::{Scene, scene};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// Three cells, of which one is no experiment.
const STUDY: &str = "\
base: virtual.yaml
vary: [\"max_output_tokens=4,8,0\"]
cycles: 2
order: interleaved
seed: 3
";

fn with_study() -> Scene {
    let scene = scene();
    scene.write("sweep.yaml", STUDY);
    scene
}

fn status(scene: &Scene) -> Value {
    serde_json::from_slice(&scene.lem(&["study", "status", "studies/sweep", "--json"]).stdout).unwrap()
}

fn count(status: &Value, what: &str) -> usize {
    status["cells"].as_array().unwrap().iter().filter(|cell| cell["status"] == what).count()
}

#[test]
fn a_dry_run_says_what_would_be_run_and_leaves_nothing() {
    let scene = with_study();
    let planned = scene.lem(&["study", "run", "sweep.yaml", "--dry-run", "--json"]);
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert!(!scene.path().join("studies").exists());
    let cells = plan["cells"].as_array().unwrap();
    let left_out = |key: &str| cells.iter().filter(|cell| cell[key].is_string()).count();
    assert_eq!((cells.len(), left_out("same_as"), left_out("invalid")), (3, 0, 1), "{plan}");
    assert_eq!(
        (&plan["requests"], &plan["max_output_tokens"]),
        (&Value::Null, &Value::Null),
        "of a whole file nobody knows before it is read"
    );
}

#[test]
fn a_study_goes_cycle_by_cycle_through_its_cells_and_is_done_once() {
    let scene = with_study();
    let output = scene.lem(&["study", "run", "sweep.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = status(&scene);
    assert_eq!(count(&shown, "completed"), 2, "{shown}");
    let told = String::from_utf8(output.stderr).unwrap();
    let turns: Vec<&str> = told.lines().filter(|line| line.contains("turns left")).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(turns, ["virtual_max_output_tokens-4", "virtual_max_output_tokens-8"].repeat(2), "{told}");
    for cell in shown["cells"].as_array().unwrap().iter().filter(|cell| cell["status"] == "completed") {
        let id = cell["experiment_id"].as_str().unwrap();
        let show = scene.lem(&["results", "show", id, "-o", "studies/sweep/results", "--json"]);
        let figures: Value = serde_json::from_slice(&show.stdout).unwrap();
        assert_eq!(figures["cycles"].as_array().unwrap().len(), 2);
    }
    let again = scene.lem(&["study", "run", "sweep.yaml"]);
    assert!(again.status.success() && !String::from_utf8_lossy(&again.stderr).contains("turns left"), "{again:?}");
    scene.write("sweep.yaml", &STUDY.replace("cycles: 2", "cycles: 3"));
    let other = scene.lem(&["study", "run", "sweep.yaml"]);
    assert!(other.status.code() == Some(2) && String::from_utf8_lossy(&other.stderr).contains("another plan"), "{other:?}");
}

#[test]
fn a_poisoned_cell_fails_alone_is_left_out_and_tried_again() {
    let scene = scene();
    scene.write("good.txt", "one two three\n");
    scene.write("sweep.yaml", "base: virtual.yaml\nvary: [\"prompts.path=prompts.txt,missing.txt,good.txt\"]\n");
    assert_eq!(scene.lem(&["study", "run", "sweep.yaml"]).status.code(), Some(4));
    let shown = status(&scene);
    assert_eq!((count(&shown, "completed"), count(&shown, "failed")), (2, 1), "{shown}");
    let poisoned = shown["cells"][1].clone();
    assert!(poisoned["reason"].as_str().unwrap().contains("missing.txt"), "{poisoned}");

    scene.write("missing.txt", "there it is\n");
    assert!(scene.lem(&["study", "retry", "studies/sweep", poisoned["name"].as_str().unwrap()]).status.success());
    assert_eq!(count(&status(&scene), "waiting"), 1);
    assert!(scene.lem(&["study", "skip", "studies/sweep"]).status.success());
    assert_eq!(scene.lem(&["study", "run", "studies/sweep"]).status.code(), Some(4), "a cell that was left out has no result");
    assert!(scene.lem(&["study", "retry", "studies/sweep"]).status.success());
    assert_eq!(scene.lem(&["study", "run", "studies/sweep"]).status.code(), Some(0));
    assert_eq!(count(&status(&scene), "completed"), 3);
}

#[test]
fn a_study_that_is_killed_goes_on_where_it_was() {
    let scene = scene();
    scene.write("sweep.yaml", "base: virtual.yaml\nvary: [\"max_output_tokens=1..12\"]\ncycles: 2\norder: shuffled\n");
    let mut n_kills = 0;
    for millis in [40, 90, 150, 70, 120] {
        let mut run = scene.command(&["-q", "study", "run", "sweep.yaml"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        n_kills += u32::from(run.try_wait().unwrap().is_none());
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let output = scene.lem(&["-q", "study", "run", "sweep.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = status(&scene);
    assert_eq!((count(&shown, "completed"), shown["cells"].as_array().unwrap().len()), (12, 12), "{shown}");
    let bundles = std::fs::read_dir(scene.path().join("studies/sweep/results")).unwrap().count();
    // A kill while a bundle was made leaves one that nothing is in; a cell has never two that hold cycles.
    assert!((12..=12 + usize::try_from(n_kills).unwrap()).contains(&bundles), "{bundles} bundles after {n_kills} kills");
}

#[test]
fn a_batch_runs_every_file_and_counts_those_without_a_result() {
    let scene = scene();
    for name in ["a", "b", "c"] {
        scene.write(&format!("configs/{name}.yaml"), super::VIRTUAL);
    }
    scene.write("configs/d.yaml", "model_name: x\nbackend: virtual\nprompts: { source: file, path: missing.txt }\n");
    let output = scene.lem(&["batch", "configs/*.yaml", "--parallel", "2"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().filter(|line| line.ends_with("  ok")).count(), 3, "{printed}");
    assert!(printed.lines().any(|line| line.starts_with("configs/d.yaml") && line.contains("exit")), "{printed}");
    assert_eq!(std::fs::read_dir(scene.path().join("results")).unwrap().count(), 3);
    assert_eq!(scene.lem(&["batch", "none/*.yaml"]).status.code(), Some(2));
}
