//! No setting is accepted in silence without effect: by the backend, or by another setting.

use crate::origin::Origin;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::value::{LengthKind, PromptKind, SpeculationKind};
use crate::violation::{RuleCode, Violation};
use crate::{check, tree};
use lem_domain::backend::{Backend, FieldSupport};
use lem_domain::spec::{BatchingStrategy, EnergyChoice};
use lem_domain::{Finding, FindingCode, Severity};
use std::cell::LazyCell;

/// Whether settings that the backend does not support are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsupported {
    /// They are mistakes.
    Refuse,
    /// They stay as written, without effect, and become findings.
    Record,
}

/// Takes out what a preset says about things that the backend does not have, and judges what the user says about them.
pub(crate) fn of_backend(stack: &mut Stack, policy: Unsupported) -> (Vec<Finding>, Vec<Violation>) {
    let settings = stack.settings();
    let backend = settings.backend.0;
    let resolved = LazyCell::new(|| settings.document());
    let (mut findings, mut violations) = (Vec::new(), Vec::new());
    for path in stack.written().map(|field| field.path) {
        let Some(FieldSupport::Unsupported(reason)) = backend.support(path) else { continue };
        let (Some(top), Some(value)) = (stack.top(path), tree::get(&resolved, path)) else { continue };
        if tree::get(&check::BUILT_IN, path) == Some(value) {
            continue;
        }
        let message = format!("{value} has no effect with `backend: {backend}`: {reason}");
        match (stack.origin_of(top), policy) {
            (Origin::Preset(name), _) => {
                findings.push(without_effect(Severity::Info, format!("{path} of preset {name} is left out: {reason}")));
                stack.remove(path);
            }
            (_, Unsupported::Refuse) => {
                let hint = "leave it out, choose another backend, or let it through with `--force`";
                violations.push(stack.violation(RuleCode::Unsupported, path, message, hint));
            }
            (_, Unsupported::Record) => findings.push(without_effect(Severity::Warning, format!("{path}: {message}"))),
        }
    }
    (findings, violations)
}

/// Settings that another setting makes idle.
///
/// A value is only worth a finding when somebody chose it: what a decoder preset or the built-in values say is passed
/// over, and what a preset of experiments says does not ask for attention.
pub(crate) fn of_settings(stack: &Stack, settings: &Settings) -> Vec<Finding> {
    let decoder = &settings.decoder;
    let mut idle: Vec<(&str, &str)> = Vec::new();
    if !decoder.do_sample {
        let of_draws = ["decoder.temperature", "decoder.top_k", "decoder.top_p", "decoder.min_p"];
        idle.extend(of_draws.map(|path| (path, "`decoder.do_sample` is false")));
    } else if decoder.temperature <= 0.0 {
        let of_draws = ["decoder.do_sample", "decoder.top_k", "decoder.top_p", "decoder.min_p"];
        idle.extend(of_draws.map(|path| (path, "`decoder.temperature` is 0")));
    }
    let strategy = settings.batching.strategy.0;
    if strategy == BatchingStrategy::Continuous && settings.backend.0 == Backend::Virtual {
        idle.push(("batching.max_tokens_per_batch", "the virtual engine runs a prompt in one piece"));
    } else if !strategy.has_token_budget() && strategy != BatchingStrategy::Continuous {
        idle.push(("batching.max_tokens_per_batch", "only the dynamic strategies and the continuous one have a token budget"));
    }
    idle.extend(of_prompts(settings));
    if decoder.beam_search.num_beams == 1 {
        let of_search = ["decoder.beam_search.length_penalty", "decoder.beam_search.early_stopping"];
        idle.extend(of_search.map(|path| (path, "`decoder.beam_search.num_beams` is 1")));
    }
    match settings.candle.speculative.method.0 {
        SpeculationKind::None => {
            let of_guesses = ["candle.speculative.num_tokens", "candle.speculative.prompt_lookup_max"];
            idle.extend(of_guesses.map(|path| (path, "`candle.speculative.method` is `none`")));
        }
        SpeculationKind::DraftModel => {
            idle.push(("candle.speculative.prompt_lookup_max", "`candle.speculative.method` is `draft_model`"));
        }
        SpeculationKind::PromptLookup => {}
    }
    if settings.energy.backend.choice() == EnergyChoice::None {
        let paths = ["energy.interval"].into_iter().chain(tree::below("energy.baseline")).chain(tree::below("impact"));
        idle.extend(paths.map(|path| (path, "`energy.backend` is `none`")));
    } else if settings.energy.baseline.duration.0.is_zero() {
        idle.push(("energy.baseline.keep", "`energy.baseline.duration` is 0s"));
    }
    let documents = LazyCell::new(|| (settings.document(), stack.base_settings().document()));
    idle.into_iter()
        .filter_map(|(path, reason)| {
            let severity = match stack.origin_of(stack.top(path)?) {
                Origin::Preset(_) => Severity::Info,
                _ => Severity::Warning,
            };
            let (resolved, base) = &*documents;
            let value = tree::get(resolved, path)?;
            let supported = settings.backend.0.support(path) == Some(FieldSupport::Applied);
            let chosen = tree::get(base, path) != Some(value) && !is_greedy_already(path, value);
            (supported && chosen).then(|| without_effect(severity, format!("{path}: {value} has no effect: {reason}")))
        })
        .collect()
}

/// Settings of prompts that the source does not look at.
fn of_prompts(settings: &Settings) -> Vec<(&'static str, &'static str)> {
    let source = settings.prompts.source.0;
    let mut idle = Vec::new();
    if source != PromptKind::Hub {
        let of_hub = ["prompts.subset", "prompts.split", "prompts.data_file"];
        idle.extend(of_hub.map(|path| (path, "`prompts.source` is not `hub`")));
    }
    if !matches!(source, PromptKind::File | PromptKind::Hub) {
        idle.push(("prompts.column", "`prompts.source` has no columns"));
    }
    if source != PromptKind::Synthetic {
        idle.extend(tree::below("prompts.synthetic").map(|path| (path, "`prompts.source` is not `synthetic`")));
        return idle;
    }
    let (of_fixed, of_bounds, of_normal, of_trace) = (
        ["prompts.synthetic.tokens"].as_slice(),
        ["prompts.synthetic.min_tokens", "prompts.synthetic.max_tokens"].as_slice(),
        ["prompts.synthetic.deviation"].as_slice(),
        ["prompts.synthetic.path", "prompts.synthetic.column"].as_slice(),
    );
    let (others, reason) = match settings.prompts.synthetic.lengths.0 {
        LengthKind::Fixed => ([of_bounds, of_normal, of_trace].concat(), "`prompts.synthetic.lengths` is `fixed`"),
        LengthKind::Uniform => ([of_fixed, of_normal, of_trace].concat(), "`prompts.synthetic.lengths` is `uniform`"),
        LengthKind::Normal => (of_trace.to_vec(), "`prompts.synthetic.lengths` is `normal`"),
        LengthKind::Trace => ([of_fixed, of_bounds, of_normal].concat(), "`prompts.synthetic.lengths` is `trace`"),
    };
    idle.extend(others.into_iter().map(|path| (path, reason)));
    idle
}

/// A temperature of 0 says the same as `do_sample: false`.
fn is_greedy_already(path: &str, value: &serde_json::Value) -> bool {
    path == "decoder.temperature" && value.as_f64().is_some_and(|temperature| temperature <= 0.0)
}

fn without_effect(severity: Severity, message: String) -> Finding {
    Finding::new(FindingCode::SettingWithoutEffect, severity, message)
}
