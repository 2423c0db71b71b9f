//! What a request says, by the table of [`lem_domain::backend`]: each setting under the name that the server knows it by.

use super::ServerError;
use lem_domain::backend::{Backend, FIELDS, FieldSupport, Handover};
use lem_domain::spec::{Endpoint, ExperimentSpec, SettingValue, TokenChoice};
use serde_json::{Map, Value, json};

/// What all requests of a run say.
#[derive(Debug)]
pub(super) struct BodyMaker {
    endpoint: Endpoint,
    common: Map<String, Value>,
    /// Where the limit of the output stands.
    limit: Option<Limit>,
}

/// Where a server looks for the limit of the output.
#[derive(Clone, Copy, Debug)]
enum Limit {
    Key(&'static str),
    Json(&'static str, &'static str),
}

/// A prompt, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Text(String),
    Tokens(Vec<u32>),
}

impl BodyMaker {
    /// Everything but the prompt; `served_model` is the name by which the server knows the model.
    pub(super) fn new(spec: &ExperimentSpec, served_model: &str) -> Result<Self, ServerError> {
        let backend = spec.backend;
        let server = spec.server.as_ref().ok_or(ServerError::NoServer { backend: backend.as_str() })?;
        let mut maker = Self { endpoint: server.endpoint, common: Map::new(), limit: None };
        maker.common.insert("model".to_owned(), json!(served_model));
        maker.common.insert("stream".to_owned(), json!(true));
        maker.common.extend(quirks(backend, server.endpoint, spec));
        for field in FIELDS.iter() {
            let FieldSupport::Translated(handover) = field.support(backend) else { continue };
            let value = match server.settings.get(field.path) {
                Some(SettingValue::Empty) => None,
                Some(value) => Some(json_of(value)),
                None => shared(field.path, backend, spec, served_model),
            };
            if let Some(value) = value {
                maker.put(field.path, handover, value)?;
            }
        }
        Ok(maker)
    }

    fn put(&mut self, path: &str, handover: Handover, value: Value) -> Result<(), ServerError> {
        match handover {
            Handover::Request(key) => {
                if path == "max_output_tokens" {
                    self.limit = Some(Limit::Key(key));
                }
                self.common.insert(key.to_owned(), value);
            }
            Handover::RequestJson(key, inner) => {
                if path == "max_output_tokens" {
                    self.limit = Some(Limit::Json(key, inner));
                }
                // It becomes a text when the body is made.
                let object = self.common.entry(key.to_owned()).or_insert_with(|| json!({}));
                if let Some(object) = object.as_object_mut() {
                    object.insert(inner.to_owned(), value);
                }
            }
            Handover::Requests => match value {
                Value::Object(values) => self.common.extend(values),
                other => return Err(ServerError::Setting { path: path.to_owned(), problem: format!("{other} is no table") }),
            },
            // The rest is said on a command line, in a file or in an environment.
            Handover::Flag(_)
            | Handover::Switch { .. }
            | Handover::FlagWhen(..)
            | Handover::Model
            | Handover::FlagJson(..)
            | Handover::File(_)
            | Handover::Variable(_)
            | Handover::Flags
            | Handover::FileBelow(_)
            | Handover::Variables
            | Handover::Spelled(..)
            | Handover::By(..) => {}
        }
        Ok(())
    }

    /// The body of one request; `limit` where its output has one of its own.
    pub(super) fn body(&self, prompt: &Sent, limit: Option<u32>) -> Result<Vec<u8>, ServerError> {
        let mut body = self.common.clone();
        match (self.endpoint, prompt) {
            (Endpoint::Completions, Sent::Text(text)) => body.insert("prompt".to_owned(), json!(text)),
            (Endpoint::Completions, Sent::Tokens(tokens)) => body.insert("prompt".to_owned(), json!(tokens)),
            (Endpoint::Chat, Sent::Text(text)) => body.insert("messages".to_owned(), json!([{ "role": "user", "content": text }])),
            (Endpoint::Chat, Sent::Tokens(_)) => return Err(ServerError::TokensInChat { endpoint: self.endpoint }),
        };
        if let (Some(limit), Some(place)) = (limit, self.limit) {
            match place {
                Limit::Key(key) => {
                    body.insert(key.to_owned(), json!(limit));
                }
                Limit::Json(key, inner) => body[key][inner] = json!(limit),
            }
        }
        if let Some(Limit::Json(key, _)) = self.limit {
            let text = body[key].to_string();
            body.insert(key.to_owned(), json!(text));
        }
        Ok(serde_json::to_vec(&body).expect("a document of texts and numbers"))
    }
}

/// What a server must be told so that its answers can be counted and are no lie.
fn quirks(backend: Backend, endpoint: Endpoint, spec: &ExperimentSpec) -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    let mut key = |name: &str, value: Value| keys.push((name.to_owned(), value));
    match backend {
        // It refuses what it does not know, and always says what it counted.
        Backend::Pytorch => {}
        Backend::Sglang => key("stream_options", json!({ "include_usage": true, "continuous_usage_stats": true })),
        Backend::Vllm => {
            key("stream_options", json!({ "include_usage": true }));
            key("return_token_ids", json!(true));
        }
        // A prompt that stands in a cache is not run: unless somebody wants that, it would be a prefill of nothing.
        Backend::Llamacpp => {
            key("stream_options", json!({ "include_usage": true }));
            key("cache_prompt", json!(false));
        }
        Backend::Tensorrt | Backend::Openai | Backend::Candle | Backend::Virtual => {
            key("stream_options", json!({ "include_usage": true }));
        }
    }
    // Without a draw the temperature is 0, except where the draw itself is switched.
    if backend != Backend::Pytorch && !matches!(spec.sampling.choice, TokenChoice::Random { .. }) {
        key("temperature", json!(0.0));
    }
    if endpoint == Endpoint::Chat
        && let Some(alternatives) = spec.sampling.logprobs
    {
        key("top_logprobs", json!(alternatives));
    }
    keys
}

/// The value of a setting that every backend shares; `None` where there is nothing to say.
fn shared(path: &str, backend: Backend, spec: &ExperimentSpec, served_model: &str) -> Option<Value> {
    let sampling = &spec.sampling;
    let drawn = if let TokenChoice::Random { temperature, top_k, top_p, min_p } = sampling.choice {
        Some((temperature, top_k, top_p, min_p))
    } else {
        None
    };
    match path {
        "model_name" => Some(json!(served_model)),
        "max_output_tokens" => Some(json!(spec.limits.max_output)),
        "min_output_tokens" => (spec.limits.min_output > 0).then(|| json!(spec.limits.min_output)),
        "random_seed" => Some(json!(spec.seed)),
        "decoder.do_sample" => Some(json!(drawn.is_some())),
        "decoder.temperature" => drawn.map(|(temperature, ..)| json!(temperature)),
        // Servers have limits of their own where nobody says; all tokens are another word with SGLang.
        "decoder.top_k" => drawn.map(|(_, top_k, ..)| match top_k {
            Some(top_k) => json!(top_k),
            None if backend == Backend::Sglang => json!(-1),
            None => json!(0),
        }),
        "decoder.top_p" => drawn.map(|(_, _, top_p, _)| json!(top_p)),
        "decoder.min_p" => drawn.map(|(.., min_p)| json!(min_p)),
        "decoder.repetition_penalty" => Some(json!(sampling.repetition_penalty)),
        "decoder.no_repeat_ngram_size" => sampling.no_repeat_ngram.map(|size| json!(size.get())),
        "decoder.ignore_eos" => sampling.ignore_eos.then_some(Value::Bool(true)),
        "decoder.stop" => (!sampling.stop.is_empty()).then(|| json!(sampling.stop)),
        "decoder.logprobs" => {
            let alternatives = sampling.logprobs?;
            let is_chat = spec.server.as_ref().is_some_and(|server| server.endpoint == Endpoint::Chat);
            // llama.cpp gives the probability of the token itself only beside those of others.
            Some(if is_chat { json!(true) } else { json!(if backend == Backend::Llamacpp { alternatives.max(1) } else { alternatives }) })
        }
        _ => None,
    }
}

fn json_of(value: &SettingValue) -> Value {
    match value {
        SettingValue::Empty => Value::Null,
        SettingValue::Truth(truth) => json!(truth),
        SettingValue::Whole(whole) => json!(whole),
        SettingValue::Real(real) => json!(real),
        SettingValue::Text(text) => json!(text),
        SettingValue::List(values) => values.iter().map(json_of).collect(),
        SettingValue::Table(values) => values.iter().map(|(name, value)| (name.clone(), json_of(value))).collect(),
    }
}
