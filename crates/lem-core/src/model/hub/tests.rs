//! Against a hub on the loopback interface that serves one repository, and hubs that misbehave.

use super::*;
use crate::hub::server::{Served, closed_endpoint, serve as serve_all};
use hf_hub::Cache;
use lem_domain::protocol::{Fault, SeamError};
use std::net::TcpListener;
use std::time::Duration;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Serves a repository `org/name` with these files; the content of each is its name.
fn serve(files: &[&str]) -> String {
    let files = files.iter().map(|&name| (name.to_owned(), name.as_bytes().to_vec())).collect();
    serve_all(vec![Served { repository: "models/org/name", revisions: &["main", "v1"], commit: COMMIT, files }]).endpoint
}

fn hub(cache: &tempfile::TempDir, endpoint: &str, access: Access) -> Hub {
    let patience = Duration::from_secs(20);
    Hub { cache: Cache::new(cache.path().to_owned()), endpoint: Some(endpoint.to_owned()), token: None, access, patience }
}

fn resolve(hub: &Hub, reference: &str) -> Result<ModelFiles, ReferenceError> {
    super::resolve(hub, &HubReference::parse(reference).unwrap())
}

fn check(files: &ModelFiles, weights: &str, tokenizer: Option<&str>) {
    assert_eq!(files.revision.as_deref(), Some(COMMIT));
    assert_eq!(std::fs::read_to_string(&files.weights.paths()[0]).unwrap(), weights);
    let found = files.tokenizer_json.as_ref().map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(found.as_deref(), tokenizer);
}

#[test]
fn the_only_weights_are_fetched_once_and_then_found_without_the_hub() {
    let cache = tempfile::tempdir().unwrap();
    let endpoint = serve(&["README.md", "tiny.gguf", "tokenizer.json", "../../../escape.gguf"]);
    for reference in ["org/name", "org/name@v1", "org/name/tiny.gguf"] {
        let files = resolve(&hub(&cache, &endpoint, Access::Online), reference).unwrap();
        check(&files, "tiny.gguf", Some("tokenizer.json"));
        let nowhere = "http://127.0.0.1:9";
        assert_eq!(resolve(&hub(&cache, nowhere, Access::CacheOnly), reference).unwrap(), files, "{reference}");
    }
    let pinned = format!("org/name@{COMMIT}");
    check(&resolve(&hub(&cache, "", Access::CacheOnly), &pinned).unwrap(), "tiny.gguf", Some("tokenizer.json"));
    let missing = resolve(&hub(&cache, "", Access::CacheOnly), "org/name/other.gguf").unwrap_err();
    assert!(matches!(missing, ReferenceError::NotCached { .. }), "{missing:?}");
}

#[test]
fn several_weights_need_a_choice() {
    let cache = tempfile::tempdir().unwrap();
    let hub = hub(&cache, &serve(&["a.gguf", "sub/bb.gguf"]), Access::Online);
    let error = SeamError::from(resolve(&hub, "org/name").unwrap_err());
    assert_eq!(error.fault, Fault::Usage);
    assert!(error.what.contains("a.gguf, sub/bb.gguf"), "{}", error.what);
    check(&resolve(&hub, "org/name@main/sub/bb.gguf").unwrap(), "sub/bb.gguf", None);
    let error = resolve(&hub, "org/name/c.gguf").unwrap_err();
    assert!(matches!(&error, ReferenceError::NoSuchFile { files, .. } if files.len() == 2), "{error:?}");
}

#[test]
fn weights_in_safetensors_come_with_their_description() {
    let cache = tempfile::tempdir().unwrap();
    let endpoint = serve(&["README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]);
    let files = resolve(&hub(&cache, &endpoint, Access::Online), "org/name").unwrap();
    check(&files, "model.safetensors", Some("tokenizer.json"));
    let WeightFiles::Safetensors { config, generation, .. } = &files.weights else { panic!("{files:?}") };
    assert_eq!(std::fs::read_to_string(config).unwrap(), "config.json");
    assert!(generation.is_some());
    assert_eq!(resolve(&hub(&cache, "", Access::CacheOnly), "org/name").unwrap(), files);
}

#[test]
fn an_adapter_is_fetched_once_and_then_found_without_the_hub() {
    let cache = tempfile::tempdir().unwrap();
    let adapter = |hub: &Hub| resolve_adapter(hub, &HubReference::parse("org/name").unwrap());
    let endpoint = serve(&["README.md", "adapter_config.json", "adapter_model.safetensors"]);
    let files = adapter(&hub(&cache, &endpoint, Access::Online)).unwrap();
    assert_eq!(std::fs::read_to_string(&files.weights).unwrap(), "adapter_model.safetensors");
    assert_eq!((files.config.file_name().unwrap().to_str(), files.revision.as_deref()), (Some("adapter_config.json"), Some(COMMIT)));
    assert_eq!(adapter(&hub(&cache, "", Access::CacheOnly)).unwrap(), files);

    let older = serve(&["adapter_config.json", "adapter_model.bin"]);
    let cache = tempfile::tempdir().unwrap();
    assert!(matches!(adapter(&hub(&cache, &older, Access::Online)), Err(ReferenceError::NoAdapter { place }) if place == "org/name"));
    assert!(matches!(adapter(&hub(&cache, "", Access::CacheOnly)), Err(ReferenceError::NotCached { .. })));
}

#[test]
fn a_repository_without_weights_is_the_callers_mistake() {
    let cache = tempfile::tempdir().unwrap();
    let error = resolve(&hub(&cache, &serve(&["model.safetensors"]), Access::Online), "org/name").unwrap_err();
    assert!(matches!(error, ReferenceError::NoWeights { .. }), "{error:?}");
}

#[test]
fn an_unknown_model_and_a_hub_that_is_not_there_name_the_reference_and_the_way_out() {
    let cache = tempfile::tempdir().unwrap();
    for endpoint in [serve(&["tiny.gguf"]), closed_endpoint()] {
        let error = SeamError::from(resolve(&hub(&cache, &endpoint, Access::Online), "org/unknown@v2").unwrap_err());
        assert_eq!(error.fault, Fault::Preflight);
        assert!(error.what.contains("org/unknown@v2") && error.source.is_some(), "{error:?}");
        assert!(error.hint.unwrap().contains("a path to a model"));
    }
}

#[test]
fn a_hub_that_accepts_and_says_nothing_is_given_up() {
    let cache = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let hub = Hub { patience: Duration::from_millis(200), ..hub(&cache, &endpoint, Access::Online) };
    assert!(matches!(resolve(&hub, "org/name"), Err(ReferenceError::HubSilent { .. })));
}

#[test]
fn an_empty_cache_is_said_to_be_the_reason_when_the_hub_may_not_be_asked() {
    let cache = tempfile::tempdir().unwrap();
    for reference in ["org/name", "org/name@v1/tiny.gguf", &format!("org/name@{COMMIT}")] {
        let error = SeamError::from(resolve(&hub(&cache, "", Access::CacheOnly), reference).unwrap_err());
        assert!(error.what.contains(reference) && error.what.contains("HF_HUB_OFFLINE"), "{error:?}");
    }
}
