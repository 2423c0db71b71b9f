//! In what the engines differ beyond the table.

use super::{Maker, Site};
use lem_domain::backend::Backend;
use lem_domain::spec::ExperimentSpec;
use serde_json::json;

/// The name by which vLLM and SGLang know the one adapter that they are given.
const ADAPTER: &str = "adapter";

/// The program that serves a model, with its first arguments, found by `PATH`; `None` for a backend that is not started.
#[must_use]
pub const fn program(backend: Backend) -> Option<&'static [&'static str]> {
    match backend {
        Backend::Pytorch => Some(&["transformers", "serve"]),
        Backend::Vllm => Some(&["vllm", "serve"]),
        Backend::Tensorrt => Some(&["trtllm-serve"]),
        Backend::Llamacpp => Some(&["llama-server"]),
        Backend::Sglang => Some(&["python3", "-m", "sglang.launch_server"]),
        Backend::Candle | Backend::Openai | Backend::Virtual => None,
    }
}

/// The flag before the model; the others take it as it stands.
pub(super) const fn model_flag(backend: Backend) -> Option<&'static str> {
    match backend {
        Backend::Llamacpp => Some("--model"),
        Backend::Sglang => Some("--model-path"),
        _ => None,
    }
}

/// The flag before the file of settings.
pub(super) const fn settings_flag(backend: Backend) -> Option<&'static str> {
    match backend {
        // The name that older and newer versions share; newer ones call it `--config` too.
        Backend::Tensorrt => Some("--extra_llm_api_options"),
        _ => None,
    }
}

/// An adapter as the flag for it wants it.
pub(super) fn adapter(backend: Backend, path: &str) -> String {
    match backend {
        Backend::Vllm | Backend::Sglang => format!("{ADAPTER}={path}"),
        _ => path.to_owned(),
    }
}

/// The name by which requests call the model, where the server does not say it or would mean another.
pub(super) fn served_model(spec: &ExperimentSpec, model: &str) -> Option<String> {
    match (spec.backend, &spec.weights.adapter) {
        // It tells its models from a hub's cache, which may not be there, and takes the path as the name.
        (Backend::Pytorch, _) => Some(model.to_owned()),
        (Backend::Vllm, Some(_)) => Some(ADAPTER.to_owned()),
        (Backend::Sglang, Some(_)) => Some(format!("{model}:{ADAPTER}")),
        _ => None,
    }
}

/// What every server is told: to show its figures, to say what it took from a cache, and to report its use to nobody.
pub(super) fn fixed(maker: &mut Maker, spec: &ExperimentSpec, site: &Site<'_>) {
    let mut word = |word: &str| maker.words.push(word.to_owned());
    match spec.backend {
        Backend::Vllm => {
            word("--enable-prompt-tokens-details");
            if site.adapter.is_some() {
                word("--enable-lora");
            }
            maker.environment.insert("VLLM_NO_USAGE_STATS".to_owned(), "1".to_owned());
        }
        Backend::Llamacpp => word("--metrics"),
        Backend::Sglang => {
            word("--enable-metrics");
            if site.adapter.is_some() {
                word("--enable-lora");
            }
        }
        Backend::Tensorrt => {
            maker.file.insert("enable_iter_perf_stats".to_owned(), json!(true));
            let drafts = spec.server.as_ref().is_some_and(|server| server.settings.contains_key("tensorrt.draft_model"));
            if drafts {
                maker.file.insert("speculative_config".to_owned(), json!({ "decoding_type": "Draft_Target" }));
            }
            maker.environment.insert("TRTLLM_NO_USAGE_STATS".to_owned(), "1".to_owned());
        }
        Backend::Pytorch | Backend::Candle | Backend::Openai | Backend::Virtual => {}
    }
    // What usage statistics libraries below them send, they send to nobody then.
    maker.environment.insert("DO_NOT_TRACK".to_owned(), "1".to_owned());
    maker.environment.insert("HF_HUB_DISABLE_TELEMETRY".to_owned(), "1".to_owned());
}
