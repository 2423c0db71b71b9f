//! What is kept of sensors between runs, through the seam that it implements.

use crate::generate::{any_level, duration, number, text, wall};
use crate::support::level;
use lem_domain::idle::IdleState;
use lem_domain::profile::{BoardProfile, Found, ProfileKey, SensorProfile};
use lem_domain::protocol::{Fault, ProfileStore, SeamError};
use lem_domain::units::Watts;
use lem_results::ProfileFolder;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// A folder of profiles that goes away with the test and that is not there yet.
fn folder() -> (ProfileFolder, TempDir) {
    let place = tempfile::tempdir().unwrap();
    (ProfileFolder::new(place.path().join("share/lem")), place)
}

fn key(board: &str) -> ProfileKey {
    ProfileKey { board: board.into(), driver: "nvidia 580.159.04".into(), firmware: "96.00.9f.00.01".into() }
}

fn profile(board: &str) -> BoardProfile {
    let millis = |value, half_width| Found::Value { value: Duration::from_millis(value), half_width: Duration::from_millis(half_width) };
    BoardProfile {
        key: key(board),
        at: UNIX_EPOCH + Duration::from_secs(1_795_400_000),
        tool_version: "0.1.0".into(),
        load: Some("square matrices".into()),
        sensors: vec![SensorProfile {
            sensor: "power".into(),
            update_period: millis(100, 2),
            averaging_window: millis(1_000, 50),
            lag: Found::Unknown("the load did not step".into()),
            resolution: Found::Value { value: 0.001, half_width: 0.0 },
            read_latency: millis(3, 1),
            counter_ratio: Found::Value { value: 0.987, half_width: 0.004 },
            idle: vec![(IdleState::DriverOnly, Found::Value { value: Watts::new(68.5), half_width: Watts::new(0.5) })],
        }],
    }
}

/// The files of the profiles that are there.
fn files(folder: &ProfileFolder) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder.root().join("profiles")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn found<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = Found<T>> {
    prop_oneof![(value.clone(), value).prop_map(|(value, half_width)| Found::Value { value, half_width }), text().prop_map(Found::Unknown),]
}

fn any_sensor() -> impl Strategy<Value = SensorProfile> + Clone {
    let durations = || prop::array::uniform4(found(duration().boxed()).boxed());
    let idle = prop::collection::vec((select(IdleState::ALL), found(number().prop_map(Watts::new).boxed())), 0..4);
    (text(), durations(), found(number().boxed()), found(number().boxed()), idle)
        .prop_map(|(sensor, [update_period, averaging_window, lag, read_latency], resolution, counter_ratio, idle)| SensorProfile {
            sensor,
            update_period,
            averaging_window,
            lag,
            resolution,
            read_latency,
            counter_ratio,
            idle,
        })
        .boxed()
}

fn any_profile() -> impl Strategy<Value = BoardProfile> {
    let key = (text(), text(), text()).prop_map(|(board, driver, firmware)| ProfileKey { board, driver, firmware });
    (key, wall(), text(), of(text()), prop::collection::vec(any_sensor(), 0..4))
        .prop_map(|(key, at, tool_version, load, sensors)| BoardProfile { key, at, tool_version, load, sensors })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_profiles_are_read_back_unchanged(mut profiles in prop::collection::vec(any_profile(), 0..4)) {
        profiles.sort_by(|a, b| a.key.cmp(&b.key));
        profiles.dedup_by(|a, b| a.key == b.key);
        let (folder, _place) = folder();
        for profile in &profiles {
            folder.save_profile(profile).unwrap();
        }
        prop_assert_eq!(folder.load_profiles().unwrap(), profiles);
    }

    #[test]
    fn any_idle_levels_are_read_back_unchanged(levels in prop::collection::vec(any_level(), 0..5)) {
        let (folder, _place) = folder();
        folder.save_idle(&levels).unwrap();
        prop_assert_eq!(folder.load_idle().unwrap(), levels);
    }
}

#[test]
fn a_folder_that_does_not_exist_knows_nothing() {
    let (folder, _place) = folder();
    assert_eq!((folder.load_profiles().unwrap(), folder.load_idle().unwrap()), (vec![], vec![]));
    assert!(!folder.root().exists(), "reading makes nothing");
}

#[test]
fn a_board_has_one_profile_and_every_part_of_the_key_counts() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    folder.save_profile(&BoardProfile { tool_version: "0.2.0".into(), ..profile("a") }).unwrap();
    let loaded = folder.load_profiles().unwrap();
    assert_eq!((loaded.len(), loaded[0].tool_version.as_str()), (1, "0.2.0"));
    let other_driver = ProfileKey { driver: "nvidia 590.1".into(), ..key("a") };
    let other_firmware = ProfileKey { firmware: String::new(), ..key("a") };
    // Text that moves from one part to the next makes another key.
    let shifted = ProfileKey { board: "anvidia".into(), driver: " 580.159.04".into(), ..key("a") };
    for key in [other_driver, other_firmware, shifted] {
        folder.save_profile(&BoardProfile { key, ..profile("a") }).unwrap();
    }
    assert_eq!(folder.load_profiles().unwrap().len(), 4);
}

#[test]
fn a_key_cannot_leave_the_folder() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("../../../etc/passwd")).unwrap();
    assert_eq!(files(&folder).len(), 1);
    assert_eq!(folder.load_profiles().unwrap()[0].key.board, "../../../etc/passwd");
}

#[test]
fn an_unknown_figure_is_null_with_its_reason() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&files(&folder)[0]).unwrap()).unwrap();
    let lag = &json["sensors"][0]["lag_ns"];
    assert!(lag["value"].is_null() && lag["half_width"].is_null() && lag["reason"] == "the load did not step", "{lag}");
    assert_eq!((&json["schema_version"], &json["sensors"][0]["update_period_ns"]["value"]), (&"3.0".into(), &100_000_000.into()));
}

#[test]
fn what_is_no_profile_is_passed_over() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    for litter in [".0123456789abcdef.json.x1y2z3.tmp", "notes.txt", "README.json", ".json", "0123456789ABCDEF.json"] {
        std::fs::write(folder.root().join("profiles").join(litter), "{").unwrap();
    }
    assert_eq!(folder.load_profiles().unwrap(), [profile("a")]);
}

/// What is said of a profile after a change of its text.
fn changed(from: &str, to: &str) -> SeamError {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    folder.save_profile(&profile("b")).unwrap();
    let path = files(&folder).remove(0);
    let before = std::fs::read_to_string(&path).unwrap();
    let after = before.replacen(from, to, 1);
    assert_ne!(before, after, "the change had no effect");
    std::fs::write(&path, after).unwrap();
    let error = folder.load_profiles().unwrap_err();
    assert!(error.what.contains(path.to_str().unwrap()), "the file is not named: {error}");
    assert!(error.hint.is_some());
    error
}

#[test]
fn a_damaged_profile_is_an_error_that_names_the_file_and_the_field() {
    let check = |from: &str, to: &str, field: &str| {
        let error = changed(from, to);
        assert!(error.what.contains(&format!("`{field}`")), "{from} → {to}: {error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("delete it")), "{error:?}");
    };
    check("\"value\": 100000000", "\"value\": -5", "sensors[0].update_period_ns.value");
    check("\"value\": 0.987", "\"value\": NaN", "sensors[0].counter_ratio.value");
    check("\"value\": 0.987", "\"value\": null", "sensors[0].counter_ratio");
    check("\"reason\": \"the load did not step\"", "\"reason\": null", "sensors[0].lag_ns");
    check("\"reason\": null", "\"reason\": \"but why\"", "sensors[0].update_period_ns");
    check("\"driver_only\"", "\"asleep\"", "sensors[0].idle[0].state");
    check("\"value\": 68.5", "\"value\": 1e999", "sensors[0].idle[0].power_w.value");
    check("\"at\": \"2026", "\"at\": \"never", "at");
    check("\"schema_version\": \"3.0\"", "\"schema_version\": 2", "schema_version");
    check("nvidia 580", "nvidia 590", "key");
}

#[test]
fn a_copy_under_another_name_is_refused() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    let copy = folder.root().join("profiles/0123456789abcdef.json");
    std::fs::copy(&files(&folder)[0], &copy).unwrap();
    let error = folder.load_profiles().unwrap_err();
    assert!(error.what.contains(copy.to_str().unwrap()) && error.what.contains("board `a`"), "{error}");
}

#[test]
fn a_profile_of_a_later_major_version_is_not_called_damaged() {
    let error = changed("\"3.0\"", "\"4.0\"");
    assert!(error.what.contains("schema version 4.0") && error.what.contains("1.x to 3.x"), "{error}");
}

#[test]
fn damaged_idle_levels_are_an_error_that_names_the_file() {
    let check = |change: &dyn Fn(&str) -> String, field: &str| {
        let (folder, _place) = folder();
        folder.save_idle(&[level()]).unwrap();
        let path = folder.root().join("idle.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(&text)).unwrap();
        let error = folder.load_idle().unwrap_err();
        assert!(error.what.contains("idle.json") && error.what.contains(&format!("`{field}`")), "{error}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("delete it")), "{error:?}");
    };
    check(&|_| String::new(), ".");
    check(&|text| text[..text.len() / 2].to_owned(), "levels[0].?");
    check(&|text| text.replace("\"model_loaded\"", "\"loaded\""), "levels[0].state");
    check(&|text| text.replace("\"power_w\": 24.0", "\"power_w\": \"24 W\""), "levels[0].power_w");
    check(&|text| text.replace("2026-11", "2026-13"), "levels[0].at");
}

#[test]
fn a_figure_that_is_no_number_is_refused_and_what_was_there_stays() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    folder.save_idle(&[level()]).unwrap();
    let mut broken = profile("a");
    broken.sensors[0].resolution = Found::Value { value: f64::NAN, half_width: 0.0 };
    let error = folder.save_profile(&broken).unwrap_err();
    assert!(error.what.contains("sensors[0].resolution.value"), "{error}");
    let mut broken = level();
    broken.power = Watts::new(f64::INFINITY);
    let error = folder.save_idle(&[broken]).unwrap_err();
    assert!(error.what.contains("idle.json") && error.what.contains("levels[0].power_w"), "{error}");
    assert_eq!((folder.load_profiles().unwrap(), folder.load_idle().unwrap()), (vec![profile("a")], vec![level()]));
}

#[test]
fn a_folder_in_the_way_is_named_with_a_hint() {
    let (folder, place) = folder();
    std::fs::write(place.path().join("share"), "a file").unwrap();
    let error = folder.save_idle(&[level()]).unwrap_err();
    assert!(error.what.contains("share/lem") && error.source.is_some(), "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| !hint.contains("results")), "{error:?}");
    assert_eq!(error.fault, Fault::Preflight);
}

#[test]
fn files_are_as_readable_as_the_umask_lets_them_be() {
    let (folder, _place) = folder();
    folder.save_profile(&profile("a")).unwrap();
    let plain = folder.root().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files(&folder)[0]), mode(&plain));
}
