//! Every former name leads somewhere, and what it leads to exists.

use super::*;
use lem_domain::backend::field;
use serde_json::json;

fn names() -> impl Iterator<Item = &'static str> {
    let moved = MOVED.iter().map(|(former, _)| *former);
    moved.chain(converted::CONVERTED.iter().map(|one| one.path)).chain(inert::INERT.iter().map(|one| one.path))
}

#[test]
fn no_former_name_is_a_setting_of_today() {
    // Settings of today with a value that they no longer take.
    let values =
        ["decoder.beam_search.early_stopping", "random_seed", "io.results_dir", "vllm.attention.backend", "tensorrt.quantization.method"];
    for former in gone::names().chain(names()).filter(|former| !values.contains(former)) {
        assert!(field(former).is_none() && !tree::is_section(former), "{former}");
    }
}

#[test]
fn every_name_that_a_hint_gives_exists() {
    for (former, hint) in gone::names().map(|former| (former, hint(former).expect("it has a hint"))) {
        let Some(name) = hint.strip_prefix("it is called `").and_then(|rest| rest.split('`').next()) else { continue };
        assert!(field(name).is_some() || tree::is_section(name), "{former} → {name}");
    }
    for (former, now) in MOVED {
        assert!(field(now).is_some(), "{former} → {now}");
    }
}

#[test]
fn what_is_passed_over_at_one_value_has_a_hint_at_others() {
    let values_of_today = ["random_seed", "io.results_dir", "vllm.attention.backend", "tensorrt.quantization.method"];
    let accepts_all = ["inference_type", "query_rate"];
    for inert in inert::INERT.iter().filter(|inert| !values_of_today.contains(&inert.path) && !accepts_all.contains(&inert.path)) {
        assert!(hint(inert.path).is_some(), "{}", inert.path);
    }
}

fn taken(document: Value) -> (Value, Vec<Severity>, Vec<RuleCode>) {
    let Value::Object(mut document) = document else { panic!("a document") };
    let (taken, refused) = take_over(&mut document);
    let severities = taken.iter().map(|one| one.severity).collect();
    (Value::Object(document), severities, refused.into_iter().map(|one| one.code).collect())
}

#[test]
fn former_settings_become_those_of_today() {
    use Severity::{Info, Warning};
    let check = |written: Value, expected: Value, severities: &[Severity]| {
        assert_eq!(taken(written.clone()), (expected, severities.to_vec(), Vec::new()), "{written}");
    };
    let tensor = json!({ "parallelism": { "strategy": "tensor_parallel", "degree": 2 } });
    check(json!({ "sharding": { "strategy": "tensor_parallel", "num_shards": 2, "tp_plan": "auto" } }), tensor.clone(), &[Warning]);
    check(json!({ "sharding": { "strategy": "none", "num_shards": 1 } }), json!({}), &[Info]);
    check(json!({ "num_processes": 4 }), json!({ "parallelism": { "strategy": "data_parallel", "degree": 4 } }), &[Warning]);
    check(json!({ "num_processes": 1 }), json!({}), &[Info]);
    check(json!({ "num_processes": 2, "sharding": { "strategy": "tensor_parallel", "num_shards": 2 } }), tensor, &[Warning, Info]);
    let traffic = json!({ "enabled": true, "mode": "constant", "target_qps": 2.5, "seed": 7 });
    check(json!({ "traffic_simulation": traffic }), json!({ "traffic": { "arrival": "constant", "rate": 2.5, "seed": 7 } }), &[Warning]);
    check(json!({ "traffic_simulation": { "enabled": true } }), json!({ "traffic": { "arrival": "poisson", "rate": 1.0 } }), &[Warning]);
    check(json!({ "traffic_simulation": { "mode": "poisson" } }), json!({}), &[Info]);
    check(json!({ "batching": { "dynamic_batching": true } }), json!({ "batching": { "strategy": "dynamic" } }), &[Info]);
    check(json!({ "num_input_prompts": 3 }), json!({ "prompts": { "sample_size": 3 } }), &[Info]);
    check(
        json!({ "decoder": { "beam_search": { "enabled": false, "early_stopping": false, "no_repeat_ngram_size": 2 } } }),
        json!({ "decoder": { "beam_search": { "early_stopping": "heuristic" }, "no_repeat_ngram_size": 2 } }),
        &[Info, Info, Info],
    );
    check(
        json!({ "quantization": { "quantization": true, "load_in_8bit": true } }),
        json!({ "quantization": { "load_in_8bit": true } }),
        &[Info],
    );
    check(json!({ "is_encoder_decoder": false, "query_rate": 1.0, "random_seed": null }), json!({}), &[Info, Info, Info]);
}

#[test]
fn what_cannot_be_taken_over_is_a_mistake() {
    let check = |written: Value, codes: &[RuleCode]| assert_eq!(taken(written.clone()).2, codes, "{written}");
    check(json!({ "quantization": { "quantization": true } }), &[RuleCode::NoBitWidth]);
    check(json!({ "num_input_prompts": 3, "prompts": { "sample_size": 4 } }), &[RuleCode::SaidTwice]);
    check(json!({ "sharding": { "strategy": "tensor_parallel" }, "parallelism": { "degree": 2 } }), &[RuleCode::SaidTwice]);
    check(json!({ "decoder": { "beam_search": { "enabled": false, "num_beams": 4 } } }), &[RuleCode::SaidTwice]);
    check(json!({ "pytorch": { "assisted_generation": { "model": "small" } } }), &[RuleCode::Unsupported]);
    // What is left in the document meets the ordinary checks.
    for written in [json!({ "is_encoder_decoder": true }), json!({ "num_processes": "x", "parallelism": { "strategy": "none" } })] {
        assert_eq!(taken(written).2, []);
    }
}
