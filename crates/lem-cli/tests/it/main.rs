//! What a user sees: exit code, stdout and stderr together, on the simulated machine, so that every number is exact.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod calibrate;
mod config;
mod keep_server;
mod kill;
mod machine;
mod measure;
mod monitor;
mod powercap;
mod prompts;
mod server;
mod study;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder of its own for one test, and the program that runs in it.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn lem(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The program, ready to be started.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lem"));
        surrounded(command.args(arguments), self.path());
        command
    }

    /// Exit code and both outputs, with ids and times of the run taken out.
    fn seen(&self, arguments: &[&str]) -> String {
        let output = self.lem(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        format!(
            "lem {}\nexit {}\n--- stdout\n{}--- stderr\n{}",
            arguments.join(" "),
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr)
        )
    }
}

/// The same command in a scene's folder, with nothing of the tester's own settings.
fn surrounded<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .current_dir(folder)
        .env_remove("LEM_RESULTS_DIR")
        .env_remove("LEM_CONFIG")
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("LEM_DATA_DIR", folder.join("data"))
        .env("LEM_RUNTIME_DIR", folder.join("locks"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
}

/// Two prompts of 5 and 3 words on a machine whose figures can be checked by hand.
const VIRTUAL: &str = "\
model_name: virtual-1b
backend: virtual
max_output_tokens: 8
prompts: { source: file, path: prompts.txt, sample_size: all }
energy: { interval: 5ms }
virtual: { ttft: 100ms, itl: 10ms }
";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("virtual.yaml", VIRTUAL);
    scene.write("prompts.txt", "one two three four five\n\nsix seven eight\n");
    scene
}

fn check(name: &str, scene: &Scene, arguments: &[&str]) {
    snapshot(name, &scene.seen(arguments));
}

/// Holds a text to what is stored of it, but for what differs from run to run.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-z]{8}", "[the experiment's id hidden]");
    settings.add_filter(r"v?\d+\.\d+\.\d+ on virtual", "[version] on virtual");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn a_run_is_shown_stored_listed_and_derived_again() {
    let scene = scene();
    check("experiment", &scene, &["experiment", "virtual.yaml"]);
    check("list", &scene, &["results", "list"]);
    check("show", &scene, &["-q", "results", "show", "2"]);
    check("aggregate", &scene, &["-q", "aggregate", "2"]);
}

#[test]
fn json_is_what_is_stored_and_stays_the_same_when_derived_again() {
    let scene = scene();
    let printed = scene.lem(&["experiment", "virtual.yaml", "--json"]).stdout;
    let bundle = std::fs::read_dir(scene.path().join("results")).unwrap().next().unwrap().unwrap().path();
    let stored = bundle.join("aggregated.json");
    assert_eq!(std::fs::read(&stored).unwrap(), printed);
    std::fs::remove_file(&stored).unwrap();
    assert_eq!(scene.lem(&["results", "show", "2", "--json"]).status.code(), Some(2));
    assert_eq!(scene.lem(&["aggregate", "2", "--json"]).stdout, printed);
    assert_eq!(std::fs::read(&stored).unwrap(), printed);
}

#[test]
fn run_leaves_raw_records_only() {
    let scene = scene();
    let output = scene.lem(&["run", "virtual.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    let id = String::from_utf8(output.stdout).unwrap();
    let bundle = scene.path().join("results").join(id.trim());
    assert!(bundle.join("raw/process_0.json").is_file() && !bundle.join("aggregated.json").exists());
}

#[test]
fn configurations_are_validated_and_shown() {
    let scene = scene();
    check("validate", &scene, &["config", "validate", "virtual.yaml"]);
    check("config_show", &scene, &["config", "show", "virtual.yaml"]);
    check("config_show_origin", &scene, &["config", "show", "virtual.yaml", "--origin", "--set", "virtual.itl=5ms"]);
    check("dry_run", &scene, &["experiment", "virtual.yaml", "--dry-run", "--seed", "7"]);
    assert!(!scene.path().join("results").exists(), "a dry run leaves nothing");
}

#[test]
fn mistakes_are_named_with_their_place_and_a_hint() {
    let scene = scene();
    scene.write("typo.yaml", "model_name: x\nmax_ouput_tokens: 3\n");
    scene.write("broken.yaml", "model_name: [x\n  a: b\n");
    scene.write("empty.txt", "\n \n");
    scene.write("random.gguf", "this is no model");
    for (name, arguments) in [
        ("no_model", &["experiment"][..]),
        ("missing_file", &["experiment", "missing.yaml"]),
        ("unknown_key", &["experiment", "typo.yaml"]),
        ("malformed_yaml", &["experiment", "broken.yaml"]),
        ("unknown_preset", &["experiment", "--preset", "quick-tset", "--model", "x.gguf"]),
        ("unknown_backend", &["experiment", "virtual.yaml", "--backend", "vlm"]),
        ("server_backend", &["-q", "experiment", "--preset", "quick-test", "--model", "org/m", "--backend", "vllm"]),
        ("no_prompt", &["experiment", "virtual.yaml", "--prompts", "empty.txt"]),
        ("missing_model", &["experiment", "--preset", "quick-test", "--model", "missing.gguf"]),
        ("no_gguf", &["experiment", "--preset", "quick-test", "--model", "random.gguf"]),
        ("grade_not_met", &["experiment", "virtual.yaml", "--set", "energy.backend=none", "--require", "estimated"]),
        ("unknown_id", &["results", "show", "nope"]),
    ] {
        check(name, &scene, arguments);
    }
}

#[test]
fn warnings_need_to_be_accepted() {
    let scene = scene();
    check("warning_refused", &scene, &["experiment", "virtual.yaml", "-n", "5"]);
    assert_eq!(scene.lem(&["experiment", "virtual.yaml", "-n", "5", "--yes"]).status.code(), Some(0));
}

#[test]
fn an_unwritable_results_folder_is_found_before_the_model_is_loaded() {
    let scene = scene();
    scene.write("file", "");
    check("unwritable_results", &scene, &["experiment", "virtual.yaml", "-o", "file"]);
}

/// The README shows a real run; a row that the program gained or lost must not leave it behind.
#[test]
fn the_readme_shows_the_rows_that_the_program_prints() {
    let output = scene().lem(&["experiment", "virtual.yaml"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let labels = printed.lines().filter_map(|line| line.strip_prefix(' ')?.split("   ").next()).filter(|label| !label.is_empty());
    let mut n_labels = 0;
    // The simulated machine is an accelerator, whose idle states a run on a processor does not have.
    for label in labels.filter(|label| !["driver_only", "context_held"].contains(label)) {
        assert!(readme.contains(&format!("\n {label} ")), "README.md has no row `{label}`");
        n_labels += 1;
    }
    assert!(n_labels > 15, "only {n_labels} rows");
}

#[test]
fn both_names_are_the_same_program() {
    let version = |program: &str| Command::new(program).arg("--version").output().unwrap().stdout;
    assert_eq!(version(env!("CARGO_BIN_EXE_llm-energy-measure")), version(env!("CARGO_BIN_EXE_lem")));
}
