//! Reports: one file that holds everything and runs nothing that it was told.

use crate::support::{Scene, id, run, save};
use lem_domain::ExperimentId;
use lem_results::report::Report;
use serde_json::Value;

const HOSTILE: &str = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>";

fn data(html: &str) -> Value {
    let (_, after) = html.split_once("id=\"data\">").unwrap();
    let (json, _) = after.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_report_carries_figures_curves_and_latencies() {
    let (scene, id) = Scene::with_sealed("run");
    scene.results.aggregate(&id).unwrap();
    let html = Report::of(&scene.results, &[id], "lem 0").unwrap().html();
    let data = data(&html);
    let experiment = &data["experiments"][0];
    let figures = experiment["figures"].as_array().unwrap();
    let energy = figures.iter().find(|figure| figure["name"] == "energy_j").unwrap();
    assert!(energy["shown"].as_str().unwrap().contains(" ± ") && energy["boundary"] == "gpu_board", "{energy}");
    let traces = experiment["traces"].as_array().unwrap();
    assert_eq!(traces.len(), 2, "a board and a processor, each once");
    let board = traces.iter().find(|trace| trace["boundary"] == "gpu_board").unwrap();
    let power = board["power_w"].as_array().unwrap();
    assert!(board["sensor"] == "power" && power.iter().all(|watts| *watts == 50.0), "{board}");
    let kinds: Vec<&Value> = experiment["latencies"].as_array().unwrap().iter().map(|latency| &latency["name"]).collect();
    assert_eq!(kinds, ["TTFT", "ITL", "TPOT", "E2E"]);
    assert_eq!(experiment["phases"]["tokens_s"].as_array().unwrap().len(), 64);
}

#[test]
fn hostile_names_stay_text() {
    let scene = Scene::empty();
    let mut run = run();
    for process in &mut run.processes {
        process.model.reference = HOSTILE.into();
        process.model.name = Some(HOSTILE.into());
        process.findings[0].message = HOSTILE.into();
    }
    let id = id("hostile");
    save(&scene.results, &id, &run);
    scene.results.aggregate(&id).unwrap();
    let html = Report::of(&scene.results, &[id], HOSTILE).unwrap().html();
    assert!(!html.contains("<img src=x") && !html.contains("</script><script>document"));
    let elements = |tag: &str| html.matches(tag).count();
    assert_eq!((elements("<script"), elements("</script>")), (4, 4), "data, two libraries and the page's own");
    assert_eq!(data(&html)["experiments"][0]["model"], HOSTILE);
}

#[test]
fn a_report_without_streams_says_so_and_keeps_its_figures() {
    let (scene, id) = Scene::with_sealed("run");
    scene.results.aggregate(&id).unwrap();
    std::fs::remove_file(scene.path(&id, "raw/host.samples.parquet")).unwrap();
    let data = data(&Report::of(&scene.results, &[id], "lem 0").unwrap().html());
    assert!(data["experiments"][0]["no_streams"].as_str().unwrap().contains("host.samples.parquet"));
    assert!(!data["experiments"][0]["figures"].as_array().unwrap().is_empty());
}

#[test]
fn two_hundred_experiments_stay_small() {
    let scene = Scene::empty();
    let ids: Vec<ExperimentId> = (0..200).map(|place| id(&format!("run-{place}"))).collect();
    for id in &ids {
        save(&scene.results, id, &run());
        scene.results.aggregate(id).unwrap();
    }
    let html = Report::of(&scene.results, &ids, "lem 0").unwrap().html();
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    assert_eq!(data(&html)["differences"].as_array().unwrap().len(), 200);
}
