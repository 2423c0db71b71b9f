//! The server of a backend that is one, and what it is told.

use crate::sections::{Server, Settings};
use crate::tree;
use crate::value::{LauncherKind, setting_value};
use lem_domain::backend::{Backend, FIELDS, FieldSupport};
use lem_domain::spec::{Endpoint, Launch, ServerSpec, SettingValue};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn server(settings: &Settings) -> Option<ServerSpec> {
    match settings.backend.0 {
        Backend::Candle | Backend::Virtual => None,
        Backend::Pytorch => Some(started(Backend::Pytorch, &settings.pytorch.server, &settings.pytorch)),
        Backend::Vllm => Some(started(Backend::Vllm, &settings.vllm.server, &settings.vllm)),
        Backend::Tensorrt => Some(started(Backend::Tensorrt, &settings.tensorrt.server, &settings.tensorrt)),
        Backend::Llamacpp => Some(started(Backend::Llamacpp, &settings.llamacpp.server, &settings.llamacpp)),
        Backend::Sglang => Some(started(Backend::Sglang, &settings.sglang.server, &settings.sglang)),
        Backend::Openai => {
            let openai = &settings.openai;
            Some(ServerSpec {
                // The rules refuse an endpoint without an address.
                launch: Launch::Attach { url: openai.base_url.clone().unwrap_or_default() },
                startup_timeout: openai.request_timeout.0,
                request_timeout: openai.request_timeout.0,
                endpoint: openai.endpoint.0,
                key_variable: openai.api_key_env.clone(),
                settings: handed_on(Backend::Openai, openai),
            })
        }
    }
}

/// An engine of its own section.
fn started(backend: Backend, server: &Server, section: &impl Serialize) -> ServerSpec {
    let launch = match server.launcher.0 {
        LauncherKind::Process => Launch::Process { command: server.command.as_ref().map(|command| command.0.clone()) },
        LauncherKind::Docker => Launch::Container { image: server.image.clone() },
        // The rules refuse it without an address.
        LauncherKind::Attach => Launch::Attach { url: server.url.clone().unwrap_or_default() },
    };
    ServerSpec {
        launch,
        startup_timeout: server.startup_timeout.0,
        request_timeout: server.request_timeout.0,
        endpoint: Endpoint::Completions,
        key_variable: None,
        settings: handed_on(backend, section),
    }
}

/// What stands in a section and is told to the server.
fn handed_on(backend: Backend, section: &impl Serialize) -> BTreeMap<&'static str, SettingValue> {
    let document = serde_json::to_value(section).expect("settings hold numbers, words and texts only");
    let told = FIELDS.iter().filter(|field| matches!(field.support(backend), FieldSupport::Translated(_)));
    let own = told.filter_map(|field| Some((field.path, field.path.strip_prefix(backend.as_str())?.strip_prefix('.')?)));
    let set = own.filter_map(|(path, inner)| {
        let value = tree::get(&document, inner).filter(|value| !is_empty(value))?;
        Some((path, setting_value(value)))
    });
    set.collect()
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}
