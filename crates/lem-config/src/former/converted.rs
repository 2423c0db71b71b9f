//! Former settings whose meaning is now said in another way.

mod prompts;

use super::Becomes;
use crate::tree;
use crate::violation::RuleCode;
use lem_domain::Severity;
use serde_json::{Map, Value, json};

/// A former setting, or section, and the way from it to settings of today.
pub(super) struct Converted {
    pub(super) path: &'static str,
    pub(super) becomes: fn(&Value, &Map<String, Value>) -> Becomes,
}

/// `num_processes` comes after `sharding`, whose strategy it does not replace.
pub(super) const CONVERTED: &[Converted] = &[
    Converted { path: "sharding", becomes: sharding },
    Converted { path: "num_processes", becomes: processes },
    Converted { path: "traffic_simulation", becomes: traffic },
    Converted { path: "batching.dynamic_batching", becomes: dynamic_batching },
    Converted { path: "decoder.beam_search.enabled", becomes: beam_search },
    Converted { path: "decoder.beam_search.early_stopping", becomes: early_stopping },
    Converted { path: "quantization.quantization", becomes: quantization },
    Converted { path: "pytorch.assisted_generation", becomes: assisted_generation },
    Converted { path: "dataset", becomes: prompts::dataset },
    Converted { path: "prompts.type", becomes: prompts::kind },
];

/// What a section of settings that is a section holds under this name; a default that the former tool had where it is
/// left out.
fn given<'a>(section: &'a Value, name: &str) -> Option<&'a Value> {
    section.get(name).filter(|value| !value.is_null())
}

fn sharding(value: &Value, document: &Map<String, Value>) -> Becomes {
    let strategy = given(value, "strategy").cloned().unwrap_or_else(|| json!("none"));
    let degree = given(value, "num_shards").cloned().unwrap_or_else(|| json!(1));
    if strategy == "none" {
        return Becomes::Nothing("`strategy: none` divides nothing".to_owned());
    }
    // Where both are there, the later name holds.
    if document.contains_key("parallelism") {
        let message = "`parallelism` stands beside it and says the same".to_owned();
        return Becomes::Mistake(RuleCode::SaidTwice, message, "leave `sharding` out".to_owned());
    }
    let message = "it is called `parallelism` now, with `strategy` and `degree`".to_owned();
    Becomes::Settings(vec![("parallelism.strategy", strategy), ("parallelism.degree", degree)], Severity::Warning, message)
}

fn processes(value: &Value, document: &Map<String, Value>) -> Becomes {
    if value.as_u64() == Some(1) {
        return Becomes::Nothing("one process is what a run is".to_owned());
    }
    if tree::find(document, "parallelism.strategy").is_some() {
        return Becomes::Nothing("`parallelism` says over how many devices the model is spread".to_owned());
    }
    let message = "it is called `parallelism.degree` now, with `parallelism.strategy: data_parallel`; each process takes its share of the prompts, where it used to run all of them".to_owned();
    Becomes::Settings(
        vec![("parallelism.strategy", json!("data_parallel")), ("parallelism.degree", value.clone())],
        Severity::Warning,
        message,
    )
}

fn traffic(value: &Value, _: &Map<String, Value>) -> Becomes {
    if given(value, "enabled") != Some(&json!(true)) {
        return Becomes::Nothing("it is not enabled".to_owned());
    }
    let mut settings = vec![
        ("traffic.arrival", given(value, "mode").cloned().unwrap_or_else(|| json!("poisson"))),
        ("traffic.rate", given(value, "target_qps").cloned().unwrap_or_else(|| json!(1.0))),
    ];
    settings.extend(given(value, "seed").map(|seed| ("traffic.seed", seed.clone())));
    let message = "it is called `traffic` now; requests come at instants that are drawn beforehand, where the next batch used to wait for the one before".to_owned();
    Becomes::Settings(settings, Severity::Warning, message)
}

fn dynamic_batching(value: &Value, document: &Map<String, Value>) -> Becomes {
    match value.as_bool() {
        Some(true) if tree::find(document, "batching.strategy").is_none_or(|strategy| strategy == "static") => {
            let message = "write `batching.strategy: dynamic`".to_owned();
            Becomes::Settings(vec![("batching.strategy", json!("dynamic"))], Severity::Info, message)
        }
        Some(_) => Becomes::Nothing("`batching.strategy` says it".to_owned()),
        None => Becomes::Itself,
    }
}

fn beam_search(value: &Value, document: &Map<String, Value>) -> Becomes {
    let beams = tree::find(document, "decoder.beam_search.num_beams");
    match value.as_bool() {
        Some(false) if beams.is_some_and(|beams| beams != &json!(1)) => {
            let message = "it is off, and `decoder.beam_search.num_beams` above 1 is a search".to_owned();
            Becomes::Mistake(RuleCode::SaidTwice, message, "leave `num_beams` out, or `enabled`".to_owned())
        }
        Some(_) => Becomes::Nothing("a search is on with `decoder.beam_search.num_beams` above 1".to_owned()),
        None => Becomes::Itself,
    }
}

fn early_stopping(value: &Value, _: &Map<String, Value>) -> Becomes {
    let Some(truth) = value.as_bool() else { return Becomes::Itself };
    let word = if truth { "at_width" } else { "heuristic" };
    Becomes::Settings(
        vec![("decoder.beam_search.early_stopping", json!(word))],
        Severity::Info,
        format!("`{truth}` is called `{word}` now"),
    )
}

fn quantization(value: &Value, document: &Map<String, Value>) -> Becomes {
    let is_on = |name: &str| tree::find(document, name) == Some(&json!(true));
    let has_width = is_on("quantization.load_in_8bit") || is_on("quantization.load_in_4bit");
    match value.as_bool() {
        Some(true) if !has_width => {
            let message = "it does not say to how many bits".to_owned();
            let hint = "write `quantization.load_in_8bit: true` or `quantization.load_in_4bit: true`".to_owned();
            Becomes::Mistake(RuleCode::NoBitWidth, message, hint)
        }
        Some(_) => Becomes::Nothing("the number of bits says whether weights are quantised".to_owned()),
        None => Becomes::Itself,
    }
}

fn assisted_generation(value: &Value, _: &Map<String, Value>) -> Becomes {
    match (given(value, "model"), given(value, "num_tokens")) {
        (Some(_), _) => {
            let message = "the server of transformers loads one model".to_owned();
            let hint = "guess from the prompt itself with `pytorch.prompt_lookup_num_tokens`, or use another backend".to_owned();
            Becomes::Mistake(RuleCode::Unsupported, message, hint)
        }
        // Without a model nothing was guessed.
        (None, _) => Becomes::Nothing(
            "without a model it never had an effect; `pytorch.prompt_lookup_num_tokens` guesses from the prompt".to_owned(),
        ),
    }
}
