//! Damage is found and the file named.

use crate::support::{Scene, host, process};
use lem_domain::protocol::{Fault, ResultsRepository, SeamError};
use lem_results::ResultsError;
use std::path::Path;

const RAW: [&str; 6] = [
    "raw/process_0.json",
    "raw/process_0.events.parquet",
    "raw/process_1.json",
    "raw/process_1.events.parquet",
    "raw/host.json",
    "raw/host.samples.parquet",
];

fn flip(path: &Path, position: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[position] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// What goes wrong when one file of a whole bundle was changed.
fn changed(file: &str, change: impl Fn(&str) -> String) -> ResultsError {
    let (scene, id) = Scene::with_sealed("run");
    std::fs::remove_file(scene.path(&id, "manifest.json")).unwrap();
    let path = scene.path(&id, file);
    let before = std::fs::read_to_string(&path).unwrap();
    let after = change(&before);
    assert_ne!(before, after, "the change had no effect");
    std::fs::write(&path, after).unwrap();
    scene.results.aggregate(&id).unwrap_err()
}

#[test]
fn a_flipped_bit_in_any_raw_file_of_a_sealed_bundle_is_found() {
    for file in RAW {
        let (scene, id) = Scene::with_sealed("run");
        let path = scene.path(&id, file);
        let length = std::fs::read(&path).unwrap().len();
        for position in [0, length / 2, length - 1] {
            flip(&path, position);
            let error = SeamError::from(scene.results.load_record(&id).unwrap_err());
            assert!(error.what.contains(file) && error.what.contains("SHA-256"), "{file} at {position}: {error}");
            assert!(error.hint.is_some());
            assert_eq!(error.fault, Fault::Run);
            flip(&path, position);
        }
        scene.results.load_record(&id).unwrap();
    }
}

#[test]
fn a_stream_is_checked_against_its_record_even_without_a_manifest() {
    for (file, length) in [("raw/process_1.events.parquet", 0), ("raw/host.samples.parquet", 100)] {
        let (scene, id) = Scene::with_sealed("run");
        std::fs::remove_file(scene.path(&id, "manifest.json")).unwrap();
        let path = scene.path(&id, file);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..length]).unwrap();
        match scene.results.aggregate(&id) {
            Err(ResultsError::DigestMismatch { path: named }) => assert_eq!(named, path),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_raw_file_is_named() {
    for file in RAW {
        let (scene, id) = Scene::with_sealed("run");
        let path = scene.path(&id, file);
        std::fs::remove_file(&path).unwrap();
        match scene.results.aggregate(&id) {
            Err(ResultsError::MissingRaw { path: named }) => assert_eq!(named, path),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_raw_file_that_was_added_after_sealing_is_named() {
    let (scene, id) = Scene::with_sealed("run");
    scene.results.save_process(&id, 0, &process(2)).unwrap();
    assert!(matches!(scene.results.aggregate(&id), Err(ResultsError::Unlisted { .. })));
    scene.results.seal(&id).unwrap();
    assert_eq!(scene.results.aggregate(&id).unwrap().processes, 3);
}

#[test]
fn a_damaged_document_names_its_field() {
    let check = |file: &str, from: &str, to: &str, expected: &str| match changed(file, |text| text.replacen(from, to, 1)) {
        ResultsError::Malformed { path, field, .. } | ResultsError::Invalid { path, field, .. } => {
            assert!(path.ends_with(file), "{}", path.display());
            assert_eq!(field, expected, "{file}: {from} → {to}");
        }
        other => panic!("{file}: {other:?}"),
    };
    check("raw/process_0.json", "\"length\"", "\"bored\"", "requests[0].finish");
    check("raw/process_0.json", "\"candle\"", "\"abacus\"", "engine.backend");
    check("raw/process_0.json", "\"prompt_tokens\": 40", "\"prompt_tokens\": -40", "requests[0].prompt_tokens");
    check("raw/process_0.json", "\"linear\": 30000000000", "\"linear\": NaN", "executed_flops.linear");
    check("raw/process_0.json", "\"samples-missed\"", "\"gremlins\"", "findings[0].code");
    check("raw/process_0.json", "\"index\": 0", "\"index\": 1", "index");
    check("raw/process_0.json", "\"end_ns\": 5300000000", "\"end_ns\": 1", "load");
    check("raw/host.json", "\"gpu_board\"", "\"gpu_bored\"", "sensors[0].boundary");
    check("raw/host.json", "\"resolution\": 0.001", "\"resolution\": \"fine\"", "sensors[0].resolution");
    check("raw/host.json", "\"stamp\": \"read\"", "\"stamp\": \"guess\"", "sensors[0].stamp");
    check("raw/host.json", "\"stamp\": \"read\",", "", "sensors[0].stamp");
    check("raw/host.json", "\"stamp\": \"device\"", "\"stamp\": null", "sensors[1].stamp");
    check("raw/host.json", "\"interval_ns\": 50000000,", "", "sensors[1].interval_ns");
    check("raw/host.json", "\"interval_ns\": 50000000", "\"interval_ns\": -1", "sensors[1].interval_ns");
    check("raw/host.json", "\"temperature_celsius\"", "\"warmth\"", "sensors[3].kind");
    check("raw/host.json", "\"driver_only\"", "\"asleep\"", "idle[0].state");
    check("raw/host.json", "\"start_ns\": 3200000000", "\"start_ns\": 9200000000", "idle[0].window");
    check("raw/host.json", "\"power_w\": 24.0", "\"power_w\": null", "kept_idle[0].power_w");
    check("raw/host.json", "\"at\": \"2026-11-23", "\"at\": \"2026-11-32", "kept_idle[0].at");
    check("raw/host.json", "\"value\": 400.0", "\"value\": \"much\"", "multipliers.grid_g_co2e_per_kwh.value");
    check("raw/host.json", "\"schema_version\": \"3.0\"", "\"schema_version\": \"one\"", "schema_version");
    let emptied = changed("raw/host.json", |_| String::new());
    assert!(matches!(&emptied, ResultsError::Malformed { path, .. } if path.ends_with("raw/host.json")), "{emptied:?}");
}

#[test]
fn a_bundle_of_a_later_major_version_is_not_called_damaged() {
    for file in ["raw/process_0.json", "raw/host.json"] {
        let error = changed(file, |text| text.replacen("\"3.0\"", "\"4.0\"", 1));
        assert!(matches!(error, ResultsError::UnknownVersion { .. }), "{error:?}");
    }
    // What a later minor version adds is passed over.
    let (scene, id) = Scene::with_sealed("run");
    std::fs::remove_file(scene.path(&id, "manifest.json")).unwrap();
    let path = scene.path(&id, "raw/host.json");
    let later = std::fs::read_to_string(&path).unwrap().replacen("\"3.0\",", "\"3.7\",\n  \"mood\": \"good\",", 1);
    std::fs::write(&path, later).unwrap();
    scene.results.aggregate(&id).unwrap();
}

#[test]
fn a_manifest_that_points_outside_its_bundle_is_refused() {
    let (scene, id) = Scene::with_sealed("run");
    let path = scene.path(&id, "manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    for outside in ["/etc/passwd", "../other/raw/process_0.json", "raw/../../x"] {
        std::fs::write(&path, text.replace("\"config.yaml\"", &format!("\"{outside}\""))).unwrap();
        match scene.results.aggregate(&id) {
            Err(ResultsError::Invalid { field, problem, .. }) => assert!(field == "files" && problem.contains(outside), "{problem}"),
            other => panic!("{outside}: {other:?}"),
        }
    }
}

#[test]
fn figures_with_an_unknown_grade_are_refused_by_name() {
    let (scene, id) = Scene::with_sealed("run");
    scene.results.aggregate(&id).unwrap();
    let path = scene.path(&id, "aggregated.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"derived\"", "\"guessed\"", 1)).unwrap();
    match scene.results.summary(&id) {
        Err(error @ ResultsError::Malformed { .. }) => {
            let hint = error.hint().unwrap();
            assert!(error.to_string().contains("throughput.output.grade"), "{error}");
            assert!(hint.contains("derive the figures again"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
    scene.results.aggregate(&id).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn new_samples_beside_an_old_record_are_found() {
    let (scene, id) = Scene::with_sealed("run");
    std::fs::remove_file(scene.path(&id, "manifest.json")).unwrap();
    let old = std::fs::read(scene.path(&id, "raw/host.json")).unwrap();
    let mut other = host();
    other.meter.samples.pop();
    scene.results.save_host(&id, 0, &other).unwrap();
    std::fs::write(scene.path(&id, "raw/host.json"), old).unwrap();
    assert!(matches!(scene.results.aggregate(&id), Err(ResultsError::DigestMismatch { .. })));
}
