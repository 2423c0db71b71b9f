//! Every setting that the table hands over with requests is in the request, for each server.

use super::spec;
use crate::inference::server::body::{BodyMaker, Sent};
use lem_domain::backend::{Backend, FIELDS, FieldSupport, Handover};
use lem_domain::spec::{Endpoint, ExperimentSpec, SamplingSpec, SettingValue, TokenChoice};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// Everything set to something.
fn full(backend: Backend) -> ExperimentSpec {
    let mut spec = spec("http://127.0.0.1:1/v1", None);
    spec.backend = backend;
    spec.limits.min_output = 2;
    spec.seed = 7;
    spec.sampling = SamplingSpec {
        repetition_penalty: 1.5,
        no_repeat_ngram: NonZeroU32::new(3),
        choice: TokenChoice::Random { temperature: 0.7, top_k: Some(40), top_p: 0.9, min_p: 0.1 },
        ignore_eos: true,
        stop: vec!["\n".to_owned()],
        logprobs: Some(2),
    };
    let handed = FIELDS.iter().filter(|field| matches!(field.support(backend), FieldSupport::Translated(_)));
    let own = handed.filter(|field| field.path.starts_with(&format!("{}.", backend.as_str())));
    spec.server.as_mut().unwrap().settings = own.map(|field| (field.path, value_of(field.support(backend)))).collect();
    spec
}

fn value_of(support: FieldSupport) -> SettingValue {
    match support {
        FieldSupport::Translated(Handover::Requests) => {
            SettingValue::Table(BTreeMap::from([("beyond".to_owned(), SettingValue::Whole(9))]))
        }
        _ => SettingValue::Whole(11),
    }
}

fn body(spec: &ExperimentSpec, prompt: &Sent, limit: Option<u32>) -> Value {
    serde_json::from_slice(&BodyMaker::new(spec, "served").unwrap().body(prompt, limit).unwrap()).unwrap()
}

fn text() -> Sent {
    Sent::Text("hello".to_owned())
}

#[test]
fn each_setting_reaches_the_request_under_its_name() {
    for backend in Backend::ALL.iter().copied().filter(|backend| backend.is_server()) {
        let body = body(&full(backend), &text(), None);
        for field in FIELDS.iter() {
            let FieldSupport::Translated(handover) = field.support(backend) else { continue };
            match handover {
                Handover::Request(key) => assert!(!body[key].is_null(), "{backend}: {} as `{key}` in {body}", field.path),
                Handover::RequestJson(key, inner) => {
                    let within: Value = serde_json::from_str(body[key].as_str().expect("a text of JSON")).unwrap();
                    assert!(!within[inner].is_null(), "{backend}: {} as `{key}`.`{inner}` in {within}", field.path);
                }
                Handover::Requests => assert_eq!(body["beyond"], 9, "{backend}: {}", field.path),
                _ => {}
            }
        }
        assert_eq!((&body["model"], &body["stream"], &body["prompt"]), (&json!("served"), &json!(true), &json!("hello")), "{backend}");
    }
}

#[test]
fn a_server_that_is_strict_is_told_nothing_it_does_not_know() {
    let body = body(&full(Backend::Pytorch), &text(), None);
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["generation_config", "model", "prompt", "stop", "stream", "temperature", "top_p"]);
}

#[test]
fn a_limit_of_its_own_takes_the_place_of_that_of_all() {
    assert_eq!(body(&full(Backend::Vllm), &text(), Some(3))["max_tokens"], 3);
    let pytorch = body(&full(Backend::Pytorch), &text(), Some(3));
    let within: Value = serde_json::from_str(pytorch["generation_config"].as_str().unwrap()).unwrap();
    assert_eq!(within["max_new_tokens"], 3);
}

#[test]
fn prompts_are_texts_tokens_or_messages() {
    let mut spec = full(Backend::Vllm);
    assert_eq!(body(&spec, &Sent::Tokens(vec![5, 6]), None)["prompt"], json!([5, 6]));
    spec.server.as_mut().unwrap().endpoint = Endpoint::Chat;
    let chat = body(&spec, &text(), None);
    assert_eq!(chat["messages"], json!([{ "role": "user", "content": "hello" }]));
    assert_eq!((&chat["logprobs"], &chat["top_logprobs"]), (&json!(true), &json!(2)));
    assert!(BodyMaker::new(&spec, "served").unwrap().body(&Sent::Tokens(vec![5]), None).is_err());
}

#[test]
fn what_a_server_caches_is_not_measured_unless_asked() {
    let mut spec = full(Backend::Llamacpp);
    spec.server.as_mut().unwrap().settings.remove("llamacpp.cache_prompt");
    assert_eq!(body(&spec, &text(), None)["cache_prompt"], false);
    spec.server.as_mut().unwrap().settings.insert("llamacpp.cache_prompt", SettingValue::Truth(true));
    assert_eq!(body(&spec, &text(), None)["cache_prompt"], true);
}
