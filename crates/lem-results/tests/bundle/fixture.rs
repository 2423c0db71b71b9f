//! A bundle as each released schema version wrote it must stay readable and give the same figures.

use crate::support::{id, run, save};
use lem_domain::protocol::{ResultsRepository, RunPhase, RunState, StateStore};
use lem_results::ResultsFolder;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

const BUNDLE: &str = "bundle-v1.0";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_bundle_of_version_1_0_still_loads_and_gives_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixtures().join(BUNDLE), &folder.path().join(BUNDLE));
    let results = ResultsFolder::new(folder.path().to_owned());
    let id = id(BUNDLE);
    assert_eq!(results.load_record(&id).unwrap(), run());
    assert_eq!(results.load_state(&id).unwrap().unwrap().phase, RunPhase::Completed);
    let aggregated = folder.path().join(BUNDLE).join("aggregated.json");
    let expected = std::fs::read_to_string(&aggregated).unwrap();
    std::fs::remove_file(&aggregated).unwrap();
    results.aggregate(&id).unwrap();
    assert_eq!(std::fs::read_to_string(&aggregated).unwrap(), expected);
    assert!(results.list().unwrap()[0].problem.is_none());
}

/// Raw files are written once per schema version and never again. Figures are written again when their rules change.
#[test]
#[ignore = "writes the figures of the fixture, and its raw files if there are none"]
fn write_the_fixture() {
    let (results, id) = (ResultsFolder::new(fixtures()), id(BUNDLE));
    if !fixtures().join(BUNDLE).exists() {
        save(&results, &id, &run());
        results.seal(&id).unwrap();
        let since = UNIX_EPOCH + Duration::from_secs(1_795_492_700);
        results.save_state(&id, &RunState { phase: RunPhase::Completed, since, reason: None }).unwrap();
    }
    results.aggregate(&id).unwrap();
}
