//! What a person sees of a results folder, and how an experiment is named.

use crate::support::{Scene, id, run, save, setup};
use lem_domain::protocol::{ResultsRepository, RunPhase, RunState, StateStore};
use lem_results::{ResultsError, ResultsFolder};
use std::time::UNIX_EPOCH;

fn ids(results: &ResultsFolder) -> Vec<String> {
    results.list().unwrap().into_iter().map(|entry| entry.id).collect()
}

#[test]
fn bundles_are_listed_in_the_order_of_time_with_what_is_known_of_each() {
    let scene = Scene::empty();
    let [first, second, third] =
        ["20260101T000000.000Z-aaaaaaaa", "20260101T000000.001Z-aaaaaaaa", "20260202T000000.000Z-aaaaaaaa"].map(id);
    scene.results.create(&third, &setup()).unwrap();
    scene.results.save_state(&third, &RunState::new(RunPhase::Loading, UNIX_EPOCH)).unwrap();
    save(&scene.results, &first, &run());
    scene.results.aggregate(&first).unwrap();
    save(&scene.results, &second, &run());
    // What is no bundle is not listed.
    std::fs::write(scene.results.root().join("notes.txt"), "x").unwrap();
    std::fs::create_dir(scene.results.root().join(".cache")).unwrap();

    let entries = scene.results.list().unwrap();
    assert_eq!(ids(&scene.results), [first.as_str(), second.as_str(), third.as_str()]);
    assert!(entries.iter().all(|entry| entry.problem.is_none()), "{entries:?}");
    assert!(entries.iter().all(|entry| entry.created_at.as_deref() == Some("2026-11-24T03:56:44.123Z")));
    let seen: Vec<_> = entries.iter().map(|entry| (entry.has_raw, entry.has_aggregate, entry.headline.is_some())).collect();
    assert_eq!(seen, [(true, true, true), (true, false, false), (false, false, false)]);
    assert_eq!(entries[1].model.as_deref(), Some("model.gguf"));
    assert_eq!(entries[1].backend.as_deref(), Some("candle"));
    assert_eq!(entries[2].model, None);
    let state = entries[2].state.as_ref().unwrap();
    assert_eq!((state.phase, state.since.as_str(), &state.owner), (RunPhase::Loading, "1970-01-01T00:00:00Z", &None));
    assert_eq!(entries[0].headline.as_ref().unwrap().output_tokens, 64);
}

#[test]
fn a_folder_that_does_not_exist_holds_nothing() {
    assert_eq!(Scene::empty().results.list().unwrap(), []);
}

#[test]
fn a_damaged_bundle_does_not_hide_the_others() {
    let (scene, damaged) = Scene::with_sealed("a-damaged");
    for file in ["manifest.json", "state.json", "aggregated.json", "raw/process_0.json"] {
        std::fs::write(scene.path(&damaged, file), "{\"schema_version\": ").unwrap();
    }
    save(&scene.results, &id("b-whole"), &run());
    let entries = scene.results.list().unwrap();
    assert!(entries[0].problem.as_deref().is_some_and(|problem| problem.contains("manifest.json")), "{:?}", entries[0]);
    assert_eq!((entries[1].id.as_str(), entries[1].problem.as_deref()), ("b-whole", None));
}

#[test]
fn an_experiment_is_found_by_its_id_or_by_a_start_that_no_other_has() {
    let scene = Scene::empty();
    for name in ["20260101T000000.000Z-aaaa", "20260101T000000.000Z-bbbb", "2026", "20270101T000000.000Z-cccc"] {
        scene.results.create(&id(name), &setup()).unwrap();
    }
    let found = |text: &str| scene.results.resolve(text).unwrap().to_string();
    assert_eq!(found("20270101T000000.000Z-cccc"), "20270101T000000.000Z-cccc");
    assert_eq!(found("2027"), "20270101T000000.000Z-cccc");
    assert_eq!(found("20260101T000000.000Z-b"), "20260101T000000.000Z-bbbb");
    // An exact id is meant, even where it is the start of others.
    assert_eq!(found("2026"), "2026");

    match scene.results.resolve("202601") {
        Err(error @ ResultsError::AmbiguousId { .. }) => {
            let hint = error.hint().unwrap();
            assert!(hint.contains("-aaaa") && hint.contains("-bbbb") && !hint.contains("-cccc"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
    for stranger in ["", "2028", "../escape", "/etc", "20260101T000000.000Z-bbbc"] {
        match scene.results.resolve(stranger) {
            Err(error @ ResultsError::UnknownExperiment { .. }) => assert!(error.hint().unwrap().contains("2027"), "{stranger}"),
            other => panic!("{stranger}: {other:?}"),
        }
    }
    let Err(ResultsError::UnknownExperiment { nearest, .. }) = scene.results.resolve("20260101T000000.000Z-bbbc") else { panic!() };
    assert_eq!(nearest[0], "20260101T000000.000Z-bbbb");
}

#[test]
fn the_documents_of_a_bundle_are_given_as_they_were_written() {
    let (scene, id) = Scene::with_sealed("run");
    assert_eq!(scene.results.config(&id).unwrap(), setup().config_yaml);
    let manifest = scene.results.manifest(&id).unwrap();
    assert_eq!((manifest.spec_digest.as_str(), manifest.tool_version.as_str()), ("0123abcd", "0.1.0"));
    assert_eq!(manifest.engine.unwrap().version, "0.11.0");
    let files: Vec<String> = manifest.files.unwrap().into_keys().collect();
    assert_eq!(
        files,
        [
            "config.yaml",
            "environment.json",
            "provenance.json",
            "raw/host.json",
            "raw/host.samples.parquet",
            "raw/process_0.events.parquet",
            "raw/process_0.json",
            "raw/process_1.events.parquet",
            "raw/process_1.json",
        ]
    );
    let raw = scene.results.raw(&id).unwrap();
    assert_eq!(raw.files.len(), 6);
    assert_eq!(raw.cycles[0].processes[1]["index"], 1);
    assert_eq!(raw.cycles[0].host.as_ref().unwrap()["sensors"][0]["kind"]["type"], "energy_counter");
}
