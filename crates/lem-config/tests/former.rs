//! The configurations that the former tool shipped load, or are refused for a reason that says what to write instead.

use lem_config::{ConfigError, Request, Resolved, resolve};
use lem_domain::FindingCode;
use lem_domain::spec::{ArrivalShape, BatchingStrategy, ParallelStrategy, PromptSource, TokenChoice};
use std::path::Path;

fn load(name: &str) -> Result<Resolved, ConfigError> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/former").join(name).with_extension("yaml");
    resolve(&Request { file: Some(file), ..Request::default() })
}

fn loaded(name: &str) -> Resolved {
    load(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Code, path and hint of everything that is refused.
fn refused(name: &str) -> Vec<String> {
    match load(name).expect_err(name) {
        ConfigError::Invalid { violations } => {
            violations.iter().map(|one| format!("{} {}: {}", one.code, one.path, one.hint.as_deref().unwrap_or("-"))).collect()
        }
        other => vec![other.to_string()],
    }
}

#[test]
fn every_example_loads_or_says_why_not() {
    insta::assert_debug_snapshot!(["example_pytorch", "example_vllm", "example_tensorrt"].map(|name| match load(name) {
        Ok(resolved) => vec![format!("loads with {} former settings", former_settings(&resolved))],
        Err(_) => refused(name),
    }));
}

fn former_settings(resolved: &Resolved) -> usize {
    resolved.findings.iter().filter(|finding| finding.code == FindingCode::FormerSetting).count()
}

#[test]
fn batches_load() {
    let strategy = |name| loaded(name).spec.batching;
    assert_eq!((strategy("test_batching_static").size, strategy("test_batching_static").strategy), (4, BatchingStrategy::Static));
    let dynamic = strategy("test_batching_dynamic");
    assert_eq!((dynamic.size, dynamic.strategy, dynamic.max_tokens), (8, BatchingStrategy::Dynamic, Some(1024)));
}

#[test]
fn decoders_load_and_a_search_is_refused_where_no_token_would_have_a_time() {
    assert_eq!(loaded("test_decoder_greedy").spec.sampling.choice, TokenChoice::Greedy);
    let sampling = loaded("test_decoder_sampling").spec.sampling;
    assert!(matches!(sampling.choice, TokenChoice::Random { top_k: Some(40), .. }), "{sampling:?}");
    insta::assert_debug_snapshot!(refused("test_decoder_beam"));
}

#[test]
fn traffic_loads_as_arrivals() {
    let arrival = loaded("test_traffic_constant").spec.traffic.arrival.expect("an arrival");
    assert_eq!((arrival.shape, arrival.rate), (ArrivalShape::Constant, 2.0));
    let combined = loaded("test_combined");
    let arrival = combined.spec.traffic.arrival.expect("an arrival");
    assert_eq!((arrival.shape, arrival.rate), (ArrivalShape::Poisson, 3.0));
    let PromptSource::Hub(source) = &combined.spec.prompts.source else { panic!("a set on the hub") };
    assert_eq!(
        (source.dataset.as_str(), source.split.as_deref(), combined.spec.prompts.count),
        ("tatsu-lab/alpaca", Some("train"), Some(20))
    );
}

#[test]
fn sharding_loads_as_parallelism_where_the_backend_divides() {
    let parallelism = loaded("test_sharding_tensor").spec.placement.parallelism.expect("it is divided");
    assert_eq!((parallelism.strategy, parallelism.degree), (ParallelStrategy::Tensor, 2));
    insta::assert_debug_snapshot!(refused("test_sharding_pipeline"));
}

#[test]
fn a_base_of_grids_loads() {
    let base = loaded("test_grid_base");
    assert_eq!((base.spec.limits.max_input, base.spec.limits.max_output), (128, 32));
}

/// They were kept in silence and had no effect.
#[test]
fn keys_that_never_existed_are_refused_with_their_name_of_today() {
    insta::assert_debug_snapshot!(["test_batching_sorted", "test_traffic_poisson"].map(refused));
}
