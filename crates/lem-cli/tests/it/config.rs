//! Writing configurations: grids, new files, and what is made from the settings themselves.

use super::{Scene, check, snapshot};

const BASE: &str = "model_name: m.gguf\nmax_output_tokens: 32\nprompts:\n  sample_size: 10\ndecoder:\n  do_sample: false\n";

fn with_base() -> Scene {
    let scene = Scene::new();
    scene.write("base.yaml", BASE);
    scene
}

/// Two combinations are the same, because no token is drawn, one is left out and one is no experiment.
#[test]
fn a_grid_tells_what_became_of_every_combination() {
    let scene = with_base();
    let vary = ["--vary", "batch_size=1,2", "--vary", "temperature=0.5,0.7,-1", "--exclude", "batch_size == 2 and temperature < 0"];
    check("grid", &scene, &[&["config", "generate-grid", "base.yaml"], &vary[..]].concat());
    let cell = "grid/base_batch_size-2_temperature-0.5.yaml";
    snapshot("grid_cell", &std::fs::read_to_string(scene.path().join(cell)).unwrap());
    let shown: serde_json::Value = serde_json::from_slice(&scene.lem(&["config", "show", cell, "--json"]).stdout).unwrap();
    assert_eq!((&shown["batching"]["batch_size"], &shown["max_output_tokens"]), (&2.into(), &32.into()));
}

#[test]
fn mistakes_in_a_grid_say_what_to_write() {
    let scene = with_base();
    let grid = |name: &str, more: &[&str]| check(name, &scene, &[&["config", "generate-grid", "base.yaml"], more].concat());
    grid("grid_unknown_setting", &["--vary", "batch_siez=1,2"]);
    grid("grid_no_values", &["--vary", "batch_size"]);
    grid("grid_expression", &["--vary", "batch_size=1,2", "--exclude", "top_k > 3"]);
    grid("grid_strict", &["--vary", "batch_size=0,1", "--strict"]);
    scene.write("full/other.yaml", "");
    grid("grid_full_folder", &["--vary", "batch_size=1,2", "-o", "full"]);
}

#[test]
fn a_dry_run_of_a_grid_writes_nothing() {
    let scene = with_base();
    let output = scene.lem(&["config", "generate-grid", "base.yaml", "--vary", "batch_size=1..64:log2", "--dry-run", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["valid"].as_array().unwrap().len(), report["requests"].as_u64()), (7, Some(70)));
    assert!(!scene.path().join("grid").exists());
}

#[test]
fn a_new_configuration_says_what_its_settings_mean() {
    let scene = Scene::new();
    let new = ["config", "new", "--yes", "--model", "m.gguf", "--preset", "quick-test", "-o", "quick.yaml"];
    check("new", &scene, &new);
    snapshot("new_file", &std::fs::read_to_string(scene.path().join("quick.yaml")).unwrap());
    check("new_taken", &scene, &new);
    check("new_no_model", &scene, &["config", "new", "--yes"]);
    assert_eq!(scene.lem(&["config", "validate", "quick.yaml"]).status.code(), Some(0));
}

#[test]
fn presets_are_listed_and_one_is_shown() {
    let scene = Scene::new();
    check("presets_one", &scene, &["presets", "quick-test"]);
    check("presets_unknown", &scene, &["presets", "quick"]);
    let list: serde_json::Value = serde_json::from_slice(&scene.lem(&["presets", "--json"]).stdout).unwrap();
    assert!(list.as_array().unwrap().iter().any(|preset| preset["name"] == "benchmark"));
}

#[test]
fn shells_and_editors_are_told_of_what_there_is() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(scene.lem(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("generate-grid"), "{shell}");
    }
    let schema: serde_json::Value = serde_json::from_slice(&scene.lem(&["config", "schema"]).stdout).unwrap();
    assert_eq!(schema["properties"]["batching"]["properties"]["batch_size"]["default"], 1);
}
