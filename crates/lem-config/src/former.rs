//! Names that other versions of the tool or other tools use for a setting: each says what became of it.
//!
//! What can be taken over safely is, with a finding ([`take_over`]); everything else is a mistake with a hint.

mod converted;
mod gone;
mod inert;

pub(crate) use gone::{hint, word_hint};

use crate::tree;
use crate::violation::RuleCode;
use lem_domain::Severity;
use serde_json::{Map, Value};

/// A setting under a former name that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The name as written.
    pub(crate) path: &'static str,
    /// What it became.
    pub(crate) now: Vec<&'static str>,
    pub(crate) severity: Severity,
    pub(crate) message: String,
}

/// A setting under a former name that could not be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) path: &'static str,
    pub(crate) code: RuleCode,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// What becomes of a value under a former name.
enum Becomes {
    /// These settings.
    Settings(Vec<(&'static str, Value)>, Severity, String),
    /// Nothing, and nothing is lost.
    Nothing(String),
    /// A mistake, with a hint.
    Mistake(RuleCode, String, String),
    /// It is not what it looked like.
    Itself,
}

/// Settings whose meaning is the same under another name.
const MOVED: &[(&str, &str)] = &[
    ("decoder.beam_search.no_repeat_ngram_size", "decoder.no_repeat_ngram_size"),
    ("num_input_prompts", "prompts.sample_size"),
    ("streaming_warmup_requests", "warmup.requests"),
    ("tensorrt.extra_runtime_args", "tensorrt.extra"),
    ("vllm.speculative.ngram_max", "vllm.speculative.prompt_lookup_max"),
    ("vllm.speculative.ngram_min", "vllm.speculative.prompt_lookup_min"),
];

/// Replaces what a document says under former names by what it means now.
pub(crate) fn take_over(document: &mut Map<String, Value>) -> (Vec<Taken>, Vec<Refused>) {
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    let mut settle = |document: &mut Map<String, Value>, path: &'static str, becomes: Becomes| match becomes {
        Becomes::Itself => {}
        Becomes::Nothing(message) => {
            tree::remove(document, path);
            taken.push(Taken { path, now: Vec::new(), severity: Severity::Info, message });
        }
        Becomes::Mistake(code, message, hint) => {
            tree::remove(document, path);
            refused.push(Refused { path, code, message, hint });
        }
        Becomes::Settings(settings, severity, message) => {
            tree::remove(document, path);
            let beside = settings.iter().find(|(now, value)| tree::find(document, now).is_some_and(|there| there != value));
            if let Some((now, _)) = beside {
                let message = format!("it is called `{now}` now, which stands beside it with another value");
                refused.push(Refused { path, code: RuleCode::SaidTwice, message, hint: "leave the former name out".to_owned() });
                return;
            }
            let now = settings.iter().map(|(now, _)| *now).collect();
            for (now, value) in settings {
                tree::insert(document, now, value);
            }
            taken.push(Taken { path, now, severity, message });
        }
    };
    for &(path, now) in MOVED {
        let Some(value) = tree::find(document, path) else { continue };
        let message = format!("it is called `{now}` now");
        let becomes = Becomes::Settings(vec![(now, value.clone())], Severity::Info, message);
        settle(document, path, becomes);
    }
    for converted in converted::CONVERTED {
        let Some(value) = tree::find(document, converted.path) else { continue };
        let becomes = (converted.becomes)(value, document);
        settle(document, converted.path, becomes);
    }
    for inert in inert::INERT {
        let Some(value) = tree::find(document, inert.path) else { continue };
        if inert.is_harmless(value) {
            settle(document, inert.path, Becomes::Nothing(inert.reason.to_owned()));
        }
    }
    (taken, refused)
}

/// Whether a name is one of those that are taken over.
pub(crate) fn is_taken_over(path: &str) -> bool {
    let below = |former: &str| former == path || former.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    let inside = |former: &str| path.strip_prefix(former).is_some_and(|rest| rest.starts_with('.'));
    let names = MOVED.iter().map(|(former, _)| *former);
    let names = names.chain(converted::CONVERTED.iter().map(|one| one.path)).chain(inert::INERT.iter().map(|one| one.path));
    names.into_iter().any(|former| below(former) || inside(former))
}

#[cfg(test)]
mod tests;
