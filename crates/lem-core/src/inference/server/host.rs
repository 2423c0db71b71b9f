//! What a server says of itself, asked before the first request.

use super::ServerError;
use super::transport::Transport;
use serde_json::Value;
use std::time::Duration;

/// How long a small document is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server says of itself.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Names of the models that it serves; empty where it does not say.
    pub(super) models: Vec<String>,
    pub(super) version: Option<String>,
    pub(super) parameters: Option<u64>,
    pub(super) reported: Vec<(String, String)>,
}

/// Facts of `/props` and of an entry of `/models` that a result is to name, by their dotted paths.
const FACTS: [(&str, &str); 9] = [
    ("/models", "max_model_len"),
    ("/models", "owned_by"),
    ("/models", "meta.n_ctx_train"),
    ("/models", "meta.n_params"),
    ("/models", "meta.size"),
    ("/props", "build_info"),
    ("/props", "model_ftype"),
    ("/props", "total_slots"),
    ("/props", "default_generation_settings.n_ctx"),
];

/// Asks. A server need not know any of the questions, but it must answer: an error says that nobody does.
pub(super) async fn ask(transport: &Transport) -> Result<Told, ServerError> {
    let address = &transport.address;
    let first = tokio::time::timeout(PATIENCE, transport.get(&address.path("/models"))).await;
    let silent = |source: String| ServerError::Silent { address: address.shown(), source: source.into() };
    let (status, body) =
        first.map_err(|_| silent(format!("nothing came for {} s", PATIENCE.as_secs())))?.map_err(|broken| silent(broken.reason))?;
    if matches!(status, 401 | 403) {
        return Err(silent(format!("it answers with status {status}: a key is missing, or the wrong one")));
    }
    let models: Value = if status == 200 { serde_json::from_slice(&body).unwrap_or_default() } else { Value::Null };
    let entries = models.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let props = document(transport, &address.root_path("/props")).await;
    let version = document(transport, &address.root_path("/version")).await;

    let mut told = Told {
        models: entries.iter().filter_map(|entry| Some(entry.get("id")?.as_str()?.to_owned())).collect(),
        version: at(&version, "version").or_else(|| at(&props, "build_info")).and_then(|value| value.as_str().map(str::to_owned)),
        parameters: entries.first().and_then(|entry| at(entry, "meta.n_params")?.as_u64()),
        reported: Vec::new(),
    };
    let entry = entries.first().cloned().unwrap_or_default();
    for (place, path) in FACTS {
        let value = at(if place == "/models" { &entry } else { &props }, path).filter(|value| !value.is_null());
        if let Some(value) = value {
            told.reported.push((path.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
    }
    Ok(told)
}

/// A document that a server may have.
async fn document(transport: &Transport, path: &str) -> Value {
    match tokio::time::timeout(PATIENCE, transport.get(path)).await {
        Ok(Ok((200, body))) => serde_json::from_slice(&body).unwrap_or_default(),
        _ => Value::Null,
    }
}

fn at<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name))
}
