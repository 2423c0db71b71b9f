//! A process that is killed at any point leaves a folder that the next one can read.

use crate::support::{Scene, host, id, process, run, save, setup};
use lem_domain::protocol::{Fault, ResultsRepository};
use lem_results::ResultsError;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_left_over_temporary_file_is_passed_over() {
    let (scene, id) = (Scene::empty(), id("run"));
    save(&scene.results, &id, &run());
    for litter in ["raw/.process_2.json.a1b2c3.tmp", "raw/.host.json.a1b2c3.tmp", ".state.json.a1b2c3.tmp"] {
        std::fs::write(scene.path(&id, litter), "{\"half\": ").unwrap();
    }
    scene.results.seal(&id).unwrap();
    assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run()]);
    let listed: Vec<String> = scene.results.manifest(&id).unwrap().files.unwrap().into_keys().collect();
    assert!(listed.iter().all(|file| !file.contains(".tmp")), "{listed:?}");
    assert_eq!(scene.results.raw(&id).unwrap().cycles[0].processes.len(), 2);
}

#[test]
fn events_without_their_document_are_an_incomplete_record() {
    let (scene, id) = (Scene::empty(), id("run"));
    save(&scene.results, &id, &run());
    for index in 0..2 {
        std::fs::remove_file(scene.path(&id, &format!("raw/process_{index}.json"))).unwrap();
    }
    let entry = scene.results.list().unwrap().remove(0);
    assert!(!entry.has_raw && !entry.has_aggregate, "{entry:?}");
    assert!(matches!(scene.results.aggregate(&id), Err(ResultsError::MissingRaw { path }) if path.ends_with("raw")));
    assert!(scene.results.seal(&id).is_err());
}

#[test]
fn a_bundle_without_the_record_of_its_host_is_incomplete() {
    let (scene, id) = (Scene::empty(), id("run"));
    scene.results.create(&id, &setup()).unwrap();
    scene.results.save_process(&id, 0, &process(0)).unwrap();
    assert!(!scene.results.list().unwrap()[0].has_raw);
    assert!(matches!(scene.results.aggregate(&id), Err(ResultsError::MissingRaw { path }) if path.ends_with("raw/host.json")));
    assert_eq!(scene.results.raw(&id).unwrap().cycles[0].host, None);
    scene.results.save_host(&id, 0, &host()).unwrap();
    assert!(scene.results.list().unwrap()[0].has_raw);
}

#[test]
fn a_bundle_whose_making_was_cut_off_is_listed_with_its_problem() {
    let scene = Scene::empty();
    let id = id("run");
    std::fs::create_dir_all(scene.path(&id, "raw")).unwrap();
    let entry = scene.results.list().unwrap().remove(0);
    assert!(entry.problem.as_deref().is_some_and(|problem| problem.contains("manifest.json") && problem.contains("missing")), "{entry:?}");
    assert!(matches!(scene.results.config(&id), Err(ResultsError::MissingDocument { .. })));
}

#[test]
fn an_existing_bundle_is_never_written_over() {
    let (scene, id) = Scene::with_sealed("run");
    let error = scene.results.create(&id, &setup()).unwrap_err();
    assert!(error.what.contains("exists already") && error.hint.is_some(), "{error}");
    assert_eq!(error.fault, Fault::Preflight);
    assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run()]);
}

#[test]
fn a_place_that_cannot_be_a_folder_is_a_preflight_failure() {
    let scene = Scene::empty();
    std::fs::write(scene.results.root(), "a file").unwrap();
    let error = scene.results.create(&id("run"), &setup()).unwrap_err();
    assert!(error.what.contains("cannot write") && error.source.is_some() && error.hint.is_some(), "{error:?}");
    assert_eq!(error.fault, Fault::Preflight);
}

#[test]
fn saving_to_a_bundle_that_was_removed_says_so() {
    let (scene, id) = Scene::with_sealed("run");
    std::fs::remove_dir_all(scene.results.root()).unwrap();
    let error = scene.results.save_process(&id, 0, &process(0)).unwrap_err();
    assert!(error.what.contains("no experiment `run`"), "{error}");
}

#[test]
fn files_are_as_readable_as_the_umask_lets_them_be() {
    let (scene, id) = Scene::with_sealed("run");
    let mode = |file: &str| std::fs::metadata(scene.path(&id, file)).unwrap().permissions().mode() & 0o777;
    let plain = scene.results.root().join("plain");
    std::fs::write(&plain, "").unwrap();
    let expected = std::fs::metadata(&plain).unwrap().permissions().mode() & 0o777;
    for file in ["manifest.json", "config.yaml", "raw/process_0.json", "raw/host.samples.parquet"] {
        assert_eq!(mode(file), expected, "{file}");
    }
}
