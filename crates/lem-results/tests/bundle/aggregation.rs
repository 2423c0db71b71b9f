//! Late aggregation: from the raw records alone, to the same bytes.

use crate::support::{Scene, id, run, save, setup};
use lem_domain::derive::summarise;
use lem_domain::idle::IdleState;
use lem_domain::protocol::ResultsRepository;
use lem_domain::record::{HostRecord, RunRecord};
use lem_domain::sensor::Gauge;
use lem_domain::{FindingCode, Grade};
use lem_results::ResultsError;

#[test]
fn repeating_it_gives_the_same_bytes() {
    let (scene, id) = Scene::with_sealed("run");
    let path = scene.path(&id, "aggregated.json");
    scene.results.aggregate(&id).unwrap();
    let first = std::fs::read(&path).unwrap();
    scene.results.aggregate(&id).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first);
    std::fs::remove_file(&path).unwrap();
    scene.results.aggregate(&id).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first);
}

#[test]
fn it_does_not_depend_on_when_the_bundle_was_made() {
    let figures = |shift: u64| {
        let (scene, id) = (Scene::empty(), id("run"));
        let mut setup = setup();
        setup.created_at += std::time::Duration::from_secs(shift);
        scene.results.create(&id, &setup).unwrap();
        for process in &run().processes {
            scene.results.save_process(&id, 0, process).unwrap();
        }
        scene.results.save_host(&id, 0, &run().host).unwrap();
        scene.results.aggregate(&id).unwrap();
        std::fs::read(scene.path(&id, "aggregated.json")).unwrap()
    };
    assert_eq!(figures(0), figures(86_400));
}

#[test]
fn the_document_says_what_was_derived() {
    let (scene, id) = Scene::with_sealed("run");
    assert_eq!(scene.results.summary(&id).unwrap(), None);
    let aggregated = scene.results.aggregate(&id).unwrap();
    assert_eq!(scene.results.summary(&id).unwrap(), Some(aggregated.clone()));
    let derived = summarise(&[run()]);
    assert_eq!(aggregated.experiment_id, "run");
    assert_eq!(aggregated.model.reference, "model.gguf");
    assert_eq!(aggregated.tokens.output, 64);
    assert_eq!(aggregated.window_s, derived.window.map(lem_domain::units::Seconds::get));
    assert_eq!(aggregated.energy.total.value, derived.energy.total.value().map(lem_domain::units::Joules::get));
    assert_eq!((aggregated.energy.total.unit.as_str(), aggregated.energy.total.grade), ("J", Grade::Measured));
    assert_eq!(aggregated.energy.per_output_token.unit, "J/token");
    assert_eq!(aggregated.arithmetic.model.value, derived.arithmetic.model.value().map(lem_domain::units::Flops::get));
    assert_eq!(aggregated.readings.len(), 3);
    assert_eq!(aggregated.latency.ttft_s.map(|ttft| ttft.count), Some(4));
    assert_eq!(aggregated.memory.kv_cache_bytes, None);
}

#[test]
fn what_stands_beside_the_energy_is_in_the_document() {
    let (scene, id) = Scene::with_sealed("run");
    let aggregated = scene.results.aggregate(&id).unwrap();
    let path = &aggregated.paths[0];
    assert_eq!((aggregated.paths.len(), path.first.as_str(), path.second.as_str()), (1, "total-energy", "power"));
    assert!((path.ratio - 1.0).abs() < 0.01, "{path:?}");

    let states: Vec<_> = aggregated.idle.iter().map(|idle| (idle.state, idle.sensor.as_str(), idle.kept)).collect();
    assert_eq!(
        states,
        [
            (IdleState::DriverOnly, "total-energy", false),
            (IdleState::DriverOnly, "power", false),
            (IdleState::DriverOnly, "busy-time", false),
            (IdleState::ModelLoaded, "total-energy", true),
        ]
    );
    assert_eq!((aggregated.idle[3].power.value, aggregated.idle[3].power.unit.as_str()), (Some(24.0), "W"));

    // The window lasts 2.01 s at 50 W, of which 20 W and 24 W are subtracted; its end lies between two samples.
    let energy = &aggregated.energy;
    assert_eq!(energy.marginal.iter().map(|marginal| marginal.state).collect::<Vec<_>>(), [IdleState::DriverOnly, IdleState::ModelLoaded]);
    for (marginal, expected) in energy.marginal.iter().zip([30.0 * 2.01, 26.0 * 2.01]) {
        let joules = marginal.energy.value.unwrap();
        assert!((joules - expected).abs() < 0.5, "{joules} is not {expected}");
    }
    assert_eq!(energy.marginal[0].per_output_token.unit, "J/token");

    let impact = energy.impact.as_ref().unwrap();
    assert_eq!((impact.cost.unit.as_str(), impact.cost.grade), ("EUR", Grade::Estimated));
    assert!(impact.facility_energy.value.is_none() && impact.facility_energy.absence.is_some());
    assert!(impact.carbon.source.as_ref().unwrap().contains("without a PUE"), "{:?}", impact.carbon);
    assert_eq!(impact.multipliers.grid_g_co2e_per_kwh.as_ref().unwrap().source, "a table of 2025");

    let gauge = &aggregated.gauges[0];
    assert_eq!((aggregated.gauges.len(), gauge.gauge, gauge.min, gauge.max), (1, Gauge::Temperature, 43.0, 45.0));
    assert!(aggregated.findings.iter().any(|finding| finding.code == FindingCode::Throttled && finding.message.contains("sw_power_cap")));
}

#[test]
fn without_a_sensor_energy_is_null_with_a_reason_and_the_rest_stands() {
    let (scene, id) = (Scene::empty(), id("run"));
    save(&scene.results, &id, &RunRecord { host: HostRecord::default(), ..run() });
    scene.results.aggregate(&id).unwrap();
    let text = std::fs::read_to_string(scene.path(&id, "aggregated.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    for figure in ["total", "mean_power", "per_output_token", "per_request", "tokens_per_joule"] {
        let quantity = &json["energy"][figure];
        assert!(quantity["value"].is_null() && quantity["uncertainty"].is_null(), "{figure}: {quantity}");
        assert!(quantity["absence"].is_string(), "{figure}: {quantity}");
    }
    assert_eq!(json["tokens"]["output"], 64);
    assert!(json["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == FindingCode::EnergyUnavailable.as_str()));
}

#[test]
fn a_lost_process_is_said_and_not_passed_over() {
    let (scene, id) = (Scene::empty(), id("run"));
    let mut half = run();
    half.processes.truncate(1);
    save(&scene.results, &id, &half);
    let summary = scene.results.aggregate(&id).unwrap();
    assert_eq!(summary.processes, 1);
    assert!(summary.findings.iter().any(|finding| finding.code == FindingCode::ProcessesMissing));
}

#[test]
fn figures_of_another_bundle_are_refused() {
    let (scene, first) = Scene::with_sealed("first");
    let second = id("second");
    save(&scene.results, &second, &run());
    scene.results.aggregate(&first).unwrap();
    std::fs::copy(scene.path(&first, "aggregated.json"), scene.path(&second, "aggregated.json")).unwrap();
    match scene.results.summary(&second) {
        Err(ResultsError::Invalid { field, .. }) => assert_eq!(field, "experiment_id"),
        other => panic!("{other:?}"),
    }
}
