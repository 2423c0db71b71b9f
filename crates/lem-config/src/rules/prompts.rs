//! Rules between settings of prompts.

use crate::sections::{NO_TEMPLATE, Settings};
use crate::stack::Stack;
use crate::value::{LengthKind, PromptKind, SampleSize};
use crate::violation::{RuleCode, Violation};

/// A source without its place.
pub(super) fn place_missing(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let prompts = &settings.prompts;
    let (path, message, hint) = match (prompts.source.0, &prompts.path, &prompts.dataset) {
        (PromptKind::File, None, _) => {
            ("prompts.source", "`file` needs `prompts.path`", "name the file in `prompts.path`, or give `--prompts FILE`")
        }
        (PromptKind::Hub, _, None) => {
            ("prompts.source", "`hub` needs `prompts.dataset`", "name the set in `prompts.dataset`, or give `--dataset NAME`")
        }
        (PromptKind::Synthetic, ..) if prompts.synthetic.lengths.0 == LengthKind::Trace && prompts.synthetic.path.is_none() => {
            ("prompts.synthetic.lengths", "`trace` needs `prompts.synthetic.path`", "name the file with recorded lengths there")
        }
        _ => return None,
    };
    Some(stack.violation(RuleCode::PromptPathMissing, path, message, hint))
}

/// A place that the source does not look at.
pub(super) fn place_unused(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let prompts = &settings.prompts;
    let places = [("prompts.path", &prompts.path, PromptKind::File), ("prompts.dataset", &prompts.dataset, PromptKind::Hub)];
    let (path, place, kind) = places.into_iter().find(|(_, place, kind)| place.is_some() && prompts.source.0 != *kind)?;
    let place = place.as_deref().unwrap_or_default();
    let message = format!("`{place}` is not used: `prompts.source` is `{}`", prompts.source.name());
    let hint = format!("set `prompts.source: {}`, or leave it out", crate::value::Choice(kind).name());
    Some(stack.violation(RuleCode::PromptPathUnused, path, message, hint))
}

pub(super) fn lengths(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let synthetic = &settings.prompts.synthetic;
    let is_drawn = matches!(synthetic.lengths.0, LengthKind::Uniform | LengthKind::Normal);
    let max = synthetic.max_tokens.unwrap_or(settings.max_input_tokens);
    (settings.prompts.source.0 == PromptKind::Synthetic && is_drawn && synthetic.min_tokens > max).then(|| {
        let message = format!("{} is above the longest length, {max}", synthetic.min_tokens);
        stack.violation(
            RuleCode::LengthsCrossed,
            "prompts.synthetic.min_tokens",
            message,
            "lower it, or raise `prompts.synthetic.max_tokens`",
        )
    })
}

pub(super) fn end(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let prompts = &settings.prompts;
    let is_endless = prompts.source.0 == PromptKind::Synthetic && prompts.synthetic.lengths.0 != LengthKind::Trace;
    (is_endless && prompts.sample_size == SampleSize::All).then(|| {
        let message = "synthetic prompts have no end";
        stack.violation(RuleCode::PromptsWithoutEnd, "prompts.sample_size", message, "set a number of prompts")
    })
}

pub(super) fn template(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let prompts = &settings.prompts;
    if prompts.chat_template == NO_TEMPLATE {
        return prompts.system.as_ref().map(|_| {
            let message = "only a chat template has a place for it, and `prompts.chat_template` is `none`";
            stack.violation(
                RuleCode::SystemWithoutTemplate,
                "prompts.system",
                message,
                "set `prompts.chat_template: model`, or leave it out",
            )
        });
    }
    (prompts.source.0 == PromptKind::Synthetic).then(|| {
        let message = "a template would add tokens to prompts of exact lengths";
        stack.violation(RuleCode::TemplateBesideSynthetic, "prompts.chat_template", message, "set it to `none`, or use another source")
    })
}
