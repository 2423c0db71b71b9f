//! No setting is accepted in silence without effect: by the backend, or by another setting.

mod idle;

use crate::origin::Origin;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::violation::{RuleCode, Violation};
use crate::{check, tree};
use lem_domain::backend::FieldSupport;
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
    let idle = idle::of(stack, settings);
    let documents = LazyCell::new(|| (settings.document(), stack.base_settings().document()));
    idle.into_iter()
        .filter_map(|(path, reason)| {
            let severity = match stack.origin_of(stack.top(path)?) {
                Origin::Preset(_) => Severity::Info,
                _ => Severity::Warning,
            };
            let (resolved, base) = &*documents;
            let value = tree::get(resolved, path)?;
            let supported = !matches!(settings.backend.0.support(path), None | Some(FieldSupport::Unsupported(_)));
            let chosen = tree::get(base, path) != Some(value) && !is_greedy_already(path, value);
            (supported && chosen).then(|| without_effect(severity, format!("{path}: {value} has no effect: {reason}")))
        })
        .collect()
}

/// A temperature of 0 says the same as `do_sample: false`.
fn is_greedy_already(path: &str, value: &serde_json::Value) -> bool {
    path == "decoder.temperature" && value.as_f64().is_some_and(|temperature| temperature <= 0.0)
}

fn without_effect(severity: Severity, message: String) -> Finding {
    Finding::new(FindingCode::SettingWithoutEffect, severity, message)
}
