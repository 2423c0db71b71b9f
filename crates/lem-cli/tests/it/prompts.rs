//! Prompt sets, files of prompts, former flags, and pages for other programs.

use super::{Scene, check, scene, snapshot};

/// A machine without a network and with nothing in the hub's cache.
fn offline(scene: &Scene, arguments: &[&str]) -> String {
    let mut command = scene.command(arguments);
    let output = command.env("HF_HOME", scene.path().join("hub")).env("HF_HUB_OFFLINE", "1").env_remove("HF_HUB_CACHE").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&scene.path().display().to_string(), "[scene]");
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    format!("lem {}\nexit {}\n--- stdout\n{stdout}--- stderr\n{stderr}", arguments.join(" "), output.status.code().unwrap())
}

#[test]
fn sets_with_a_short_name_are_listed() {
    let scene = scene();
    snapshot("datasets", &offline(&scene, &["datasets"]));
    let listed = offline(&scene, &["datasets", "--json"]);
    assert!(listed.contains("\"repository\": \"openai/gsm8k\"") && listed.contains("\"cached\": \"nothing\""), "{listed}");
}

/// Each mistake names the place in the cache or what is there instead; none waits for a network.
#[test]
fn a_set_that_is_not_here_says_how_to_bring_it() {
    let scene = scene();
    for (name, arguments) in [
        ("dataset_offline", &["experiment", "virtual.yaml", "--dataset", "gsm8k"][..]),
        ("dataset_fetch_offline", &["datasets", "fetch", "gsm8k"]),
        ("dataset_unknown", &["experiment", "virtual.yaml", "--dataset", "gsm9k"]),
        ("dataset_fetch_unknown", &["datasets", "fetch", "gsm9k"]),
        ("dataset_option", &["datasets", "bring", "gsm8k"]),
    ] {
        snapshot(name, &offline(&scene, arguments));
    }
}

#[test]
fn files_of_prompts_have_columns() {
    let scene = scene();
    scene.write("table.csv", "id,question\n1,What is water?\n2,What is fire?\n");
    scene.write("lines.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello there\"}]}\n{\"messages\": []}\n");
    scene.write("broken.jsonl", "{\"text\": \"one\"}\n{\"text\": \n");
    check("prompts_csv", &scene, &["-q", "run", "virtual.yaml", "--prompts", "table.csv", "--dry-run"]);
    for (name, arguments) in [
        ("prompts_no_column", &["experiment", "virtual.yaml", "--prompts", "table.csv", "--column", "answer"][..]),
        ("prompts_broken", &["experiment", "virtual.yaml", "--prompts", "broken.jsonl"]),
        ("prompts_missing", &["experiment", "virtual.yaml", "--prompts", "nowhere.csv"]),
        ("prompts_and_dataset", &["experiment", "virtual.yaml", "--prompts", "table.csv", "--dataset", "gsm8k"]),
    ] {
        check(name, &scene, arguments);
    }
    let shown = scene.lem(&["experiment", "virtual.yaml", "--prompts", "lines.jsonl", "--yes", "--json"]);
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
}

#[test]
fn former_flags_work_and_say_their_name_of_today() {
    let scene = scene();
    scene.write("plain.yaml", "model_name: m.gguf\n");
    let former =
        ["-b", "4", "--gpu-list", "0", "--temperature", "0.5", "--precision", "float16", "--streaming-warmup", "2", "--no-quantization"];
    check("former_flags", &scene, &[&["config", "validate", "plain.yaml"], &former[..]].concat());
    let shown = scene.lem(&[&["config", "show", "plain.yaml", "--json"], &former[..]].concat());
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["batching"]["batch_size"], &shown["gpus"][0], &shown["warmup"]["requests"]), (&4.into(), &0.into(), &2.into()));
    check("former_processes", &scene, &["config", "validate", "plain.yaml", "--backend", "sglang", "--num-processes", "2"]);
}

#[test]
fn mistakes_of_files_and_pages_are_named() {
    let scene = scene();
    for (name, arguments) in [
        ("man_unknown", &["man", "experimnet"][..]),
        ("completions_unknown", &["completions", "tcsh"]),
        ("aggregate_unknown", &["aggregate", "nope"]),
        ("aggregate_nothing", &["aggregate"]),
        ("list_no_folder", &["results", "list", "-o", "nowhere"]),
        ("devices_option", &["devices", "--jsn"]),
        ("show_nothing", &["results", "show"]),
        ("validate_nothing", &["config", "validate"]),
        ("validate_json", &["config", "validate", "virtual.yaml", "--json", "--set", "max_ouput_tokens=3"]),
        ("validate_json_ok", &["config", "validate", "virtual.yaml", "--json"]),
        ("doctor_grade", &["doctor", "--require", "exact"]),
        ("set_no_value", &["run", "virtual.yaml", "--set", "virtual.itl"]),
    ] {
        check(name, &scene, arguments);
    }
}

#[test]
fn every_command_has_a_page_and_a_shell_can_complete_it() {
    let scene = scene();
    let page = String::from_utf8(scene.lem(&["man", "config", "generate-grid"]).stdout).unwrap();
    assert!(page.contains(".TH") && page.contains("\\-\\-vary"), "{page}");
    let script = String::from_utf8(scene.lem(&["completions", "bash"]).stdout).unwrap();
    assert!(script.contains("generate-grid") && script.contains("datasets"), "the script of bash lacks commands");
}
