//! Former settings of prompts.

use super::{Becomes, given};
use lem_domain::Severity;
use serde_json::{Map, Value, json};

/// `dataset`: the name of a set, or a section with it.
pub(super) fn dataset(value: &Value, _: &Map<String, Value>) -> Becomes {
    let Some(name) = given(value, "name").or_else(|| given(value, "source")).or(Some(value)).filter(|name| name.is_string()) else {
        return Becomes::Itself;
    };
    let mut settings = vec![("prompts.source", json!("hub")), ("prompts.dataset", name.clone())];
    for (former, now) in [("split", "prompts.split"), ("column", "prompts.column"), ("sample_size", "prompts.sample_size")] {
        settings.extend(given(value, former).map(|value| (now, value.clone())));
    }
    Becomes::Settings(settings, Severity::Info, "it is called `prompts.dataset` now, with `prompts.source: hub`".to_owned())
}

/// `prompts.type`: the source, under its former words.
pub(super) fn kind(value: &Value, _: &Map<String, Value>) -> Becomes {
    let source = if value == "huggingface" { json!("hub") } else { value.clone() };
    Becomes::Settings(vec![("prompts.source", source)], Severity::Info, "it is called `prompts.source` now".to_owned())
}
