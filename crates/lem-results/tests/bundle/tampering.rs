//! Tampered bundles: each is found, with the code that says what was done. A forger who makes the digests anew, and even
//! derives the figures anew, is still found where what he wrote cannot be; three forgeries that are consistent are not.

use crate::support::{Scene, at, events, id, run, save, window};
use lem_domain::protocol::ResultsRepository;
use lem_domain::record::RunRecord;
use lem_domain::sensor::{SensorIndex, SensorSample};
use lem_domain::token::{FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use lem_domain::units::Flops;
use lem_domain::{ExperimentId, TimeWindow};
use lem_results::ReasonCode;
use std::collections::BTreeSet;
use std::path::Path;

/// A sealed bundle with its figures.
fn honest() -> (Scene, ExperimentId) {
    let (scene, id) = Scene::with_sealed("run");
    scene.results.aggregate(&id).unwrap();
    (scene, id)
}

fn codes(scene: &Scene, id: &ExperimentId) -> BTreeSet<&'static str> {
    scene.results.verify(id).unwrap().problems.iter().map(|problem| problem.code.as_str()).collect()
}

fn edit(path: &Path, from: &str, to: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    assert!(before.contains(from), "{}: no {from}", path.display());
    std::fs::write(path, before.replacen(from, to, 1)).unwrap();
}

#[test]
fn an_honest_bundle_is_sound() {
    let (scene, id) = honest();
    let found = scene.results.verify(&id).unwrap();
    assert!(found.is_sound, "{:#?}", found.problems);
    assert!(found.files_checked == 9 && found.figures_checked > 200, "{found:?}");
}

/// Files changed by someone who leaves the digests alone.
#[test]
fn a_changed_file_is_found_by_its_digest() {
    let check = |tamper: &dyn Fn(&Scene, &ExperimentId), expected: &str| {
        let (scene, id) = honest();
        tamper(&scene, &id);
        assert!(codes(&scene, &id).contains(expected), "{expected} is not in {:?}", codes(&scene, &id));
    };
    let flip = |file: &'static str| {
        move |scene: &Scene, id: &ExperimentId| {
            let path = scene.path(id, file);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
    };
    let remove = |file: &'static str| move |scene: &Scene, id: &ExperimentId| std::fs::remove_file(scene.path(id, file)).unwrap();
    check(&flip("raw/host.samples.parquet"), "file-changed");
    check(&flip("raw/process_0.json"), "file-changed");
    check(&flip("environment.json"), "file-changed");
    check(&remove("raw/process_1.events.parquet"), "file-missing");
    check(&remove("manifest.json"), "manifest-missing");
    check(&remove("aggregated.json"), "figures-missing");
    check(&|scene, id| std::fs::write(scene.path(id, "manifest.json"), "{").unwrap(), "document-damaged");
    check(&|scene, id| edit(&scene.path(id, "manifest.json"), "\"run\"", "\"other\""), "bundle-foreign");
    let unseal = |scene: &Scene, id: &ExperimentId| {
        let path = scene.path(id, "manifest.json");
        let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        manifest["files"] = serde_json::Value::Null;
        std::fs::write(path, manifest.to_string()).unwrap();
    };
    check(&unseal, "not-sealed");
    let swap = |scene: &Scene, id: &ExperimentId| {
        unseal(scene, id);
        std::fs::copy(scene.path(id, "raw/process_0.events.parquet"), scene.path(id, "raw/process_1.events.parquet")).unwrap();
    };
    check(&swap, "stream-replaced");
    check(&|scene, id| edit(&scene.path(id, "aggregated.json"), "\"schema_version\": \"", "\"schema_version\": \"9"), "version-unknown");
}

/// Figures changed by someone who leaves the records alone.
#[test]
fn a_changed_figure_is_found_by_deriving_it_anew() {
    let check = |change: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let (scene, id) = honest();
        let path = scene.path(&id, "aggregated.json");
        let mut figures: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut figures);
        std::fs::write(&path, figures.to_string()).unwrap();
        assert_eq!(codes(&scene, &id), BTreeSet::from([expected]), "{expected}");
    };
    check(&|figures| figures["energy"]["total"]["value"] = 50.0.into(), "energy-differs");
    check(&|figures| figures["energy"]["total"]["uncertainty"]["systematic"] = 0.0.into(), "energy-differs");
    check(&|figures| figures["energy"]["total"]["grade"] = "derived".into(), "grade-differs");
    check(&|figures| figures["tokens"]["output"] = 640.into(), "tokens-differ");
    check(&|figures| figures["throughput"]["output"]["value"] = 320.0.into(), "rate-differs");
    check(&|figures| figures["latency"]["ttft_s"]["p99"] = 0.001.into(), "latency-differs");
    check(&|figures| figures["findings"][0]["severity"] = "info".into(), "findings-differ");
    check(&|figures| figures["energy"]["impact"]["carbon"]["value"] = 0.0.into(), "impact-differs");
    check(&|figures| figures["arithmetic"]["executed"]["value"] = 1.into(), "arithmetic-differs");
    check(&|figures| figures["model"]["reference"] = "larger.gguf".into(), "identity-differs");
}

/// What a forger writes who makes all digests anew, and the figures as well.
fn forged(change: impl Fn(&mut RunRecord)) -> BTreeSet<&'static str> {
    let scene = Scene::empty();
    let id = id("run");
    let mut record = run();
    change(&mut record);
    save(&scene.results, &id, &record);
    scene.results.seal(&id).unwrap();
    scene.results.aggregate(&id).unwrap();
    codes(&scene, &id)
}

#[test]
fn a_forgery_with_new_digests_and_new_figures_is_found_where_it_cannot_be() {
    let check = |change: &dyn Fn(&mut RunRecord), expected: &str| {
        let found = forged(change);
        assert!(found.contains(expected), "{expected} is not in {found:?}");
    };
    let tokens = |event: &TokenEvent| matches!(event.kind, TokenEventKind::Tokens { .. });
    check(&|run| run.processes[0].executed.as_mut().unwrap().linear = Flops::new(1_000), "arithmetic-short");
    check(&|run| run.processes.truncate(1), "process-missing");
    check(&|run| run.processes[1].window = Some(window(4_000, 5_000)), "windows-apart");
    check(&|run| run.processes[0].load = window(0, 1_500), "stages-out-of-order");
    check(&|run| run.processes[1].model.weights_sha256 = Some("ee".repeat(32)), "models-mixed");
    check(&|run| run.processes[1].engine.kernel = "f16".into(), "backends-mixed");
    check(&|run| run.processes[0].window = Some(window(1_000, 2_000)), "event-outside-window");
    // Faster first tokens.
    check(
        &|run| run.processes[0].events.iter_mut().filter(|event| tokens(event)).take(1).for_each(|event| event.at = at(1_000)),
        "events-out-of-order",
    );
    // More tokens, by events of a request that never was.
    check(
        &|run| {
            let event = TokenEvent { request: RequestIndex(7), at: at(2_500), kind: TokenEventKind::Tokens { count: 100 } };
            run.processes[0].events.push(event);
        },
        "event-of-unknown-request",
    );
    check(&|run| run.processes[0].events.extend(events(0).into_iter().filter(|event| !tokens(event))), "event-repeated");
    // The slow request's tokens taken out.
    check(&|run| run.processes[0].events.retain(|event| !(tokens(event) && event.request.0 == 1)), "output-missing");
    // A failure made a success.
    check(
        &|run| {
            let last = run.processes[0].events.last_mut().unwrap();
            last.kind = TokenEventKind::Finished(FinishReason::Failed);
        },
        "finish-differs",
    );
    // A counter that shows a tenth, and a power sensor that was forgotten.
    check(
        &|run| {
            let samples = run.host.meter.samples.iter_mut().filter(|sample| sample.sensor.0 == 0);
            samples.for_each(|sample| sample.value = 1e6 + 0.1 * (sample.value - 1e6));
        },
        "paths-contradict",
    );
    // The samples of the costly second half taken out.
    check(
        &|run| run.host.meter.samples.retain(|sample| sample.sensor.0 != 0 || sample.at < at(1_300) || sample.at > at(2_900)),
        "samples-removed",
    );
    check(
        &|run| {
            let sample = SensorSample { sensor: SensorIndex(9), at: at(2_000), value: 1.0, read_nanos: 1 };
            run.host.meter.samples.push(sample);
        },
        "sample-of-unknown-sensor",
    );
    check(&|run| run.host.meter.samples.swap(100, 200), "samples-out-of-order");
    check(
        &|run| run.host.meter.samples.iter_mut().filter(|sample| sample.sensor.0 == 3).for_each(|s| s.value = 900.0),
        "sample-implausible",
    );
    check(
        &|run| run.host.meter.samples.iter_mut().filter(|sample| sample.sensor.0 == 2).for_each(|s| s.value *= 50.0),
        "busy-time-impossible",
    );
    // Idle power read off the window itself, to make the rest look small.
    check(&|run| run.host.idle[0].window = TimeWindow { start: at(1_200), end: at(2_800) }, "idle-in-window");
}

/// What nobody can find without a signature: another measurement might have recorded just this. docs/verify.md lists them.
#[test]
fn consistent_forgeries_are_not_found() {
    let check = |change: &dyn Fn(&mut RunRecord)| assert_eq!(forged(change), BTreeSet::new());
    // Every sensor of the board scaled by the same factor.
    check(&|run| {
        let samples = run.host.meter.samples.iter_mut();
        samples.for_each(|sample| match sample.sensor.0 {
            0 => sample.value = 1e6 + 0.9 * (sample.value - 1e6),
            1 => sample.value *= 0.9,
            _ => {}
        });
    });
    // Another model's name and digest, the same for all processes.
    check(&|run| run.processes.iter_mut().for_each(|process| process.model.weights_sha256 = Some("00".repeat(32))));
    // A smaller bound on the gain than the table has.
    check(&|run| run.host.meter.sensors.iter_mut().for_each(|sensor| sensor.gain.half_width = 0.001));
}

#[test]
fn each_code_is_on_the_page() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify.md")).unwrap();
    for code in ReasonCode::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.meaning());
        assert!(page.contains(&row), "not on the page: {row}");
    }
    assert!(ReasonCode::ALL.len() >= 20);
}
