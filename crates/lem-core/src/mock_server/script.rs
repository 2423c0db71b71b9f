//! What one answer is to be: the request, and the faults that hit it.

use super::fault::{Fault, FaultRule};
use serde_json::{Value, json};
use std::time::Duration;

/// Where an answer breaks off, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    Reset,
    Short,
    Malformed,
    Oversized,
    Error,
    Stall,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) is_chat: bool,
    pub(super) tokens: u32,
    prompt_tokens: u64,
    /// How many come at once.
    pub(super) bundle: u32,
    pub(super) slow: Duration,
    pub(super) status: Option<u16>,
    /// After so many tokens.
    pub(super) broken: Option<(u32, Break)>,
    usage: Option<i64>,
    pub(super) says_done: bool,
}

impl Script {
    pub(super) fn of(path: &str, body: &[u8], faults: &[FaultRule], request: u64) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(16);
        let wants_usage = body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false);
        let mut script = Self {
            is_chat: path.ends_with("/chat/completions"),
            tokens: u32::try_from(asked).unwrap_or(u32::MAX),
            prompt_tokens: prompt_tokens(&body),
            bundle: 1,
            slow: Duration::ZERO,
            status: None,
            broken: None,
            usage: wants_usage.then_some(0),
            says_done: true,
        };
        for rule in faults.iter().filter(|rule| rule.hits(request)) {
            match rule.fault {
                Fault::Slow(by) => script.slow = by,
                Fault::Status(status) => script.status = Some(status),
                Fault::Reset(after) => script.broken = Some((after, Break::Reset)),
                Fault::Short(after) => script.broken = Some((after, Break::Short)),
                Fault::Malformed(after) => script.broken = Some((after, Break::Malformed)),
                Fault::Oversized(after) => script.broken = Some((after, Break::Oversized)),
                Fault::Error(after) => script.broken = Some((after, Break::Error)),
                Fault::Stall(after) => script.broken = Some((after, Break::Stall)),
                Fault::Usage(by) => script.usage = Some(by.into()),
                Fault::NoUsage => script.usage = None,
                Fault::Bundle(tokens) => script.bundle = tokens,
                Fault::Empty => script.tokens = 0,
                Fault::NoDone => script.says_done = false,
            }
        }
        script
    }

    /// An event with so many tokens, of which the first is the `first`.
    pub(super) fn piece(&self, first: u32, count: u32) -> String {
        let text: String = (first..first + count).map(|token| format!(" w{token}")).collect();
        if self.is_chat {
            event(
                &json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] }),
            )
        } else {
            event(
                &json!({ "object": "text_completion", "choices": [{ "index": 0, "text": text, "logprobs": null, "finish_reason": null }] }),
            )
        }
    }

    /// What comes before the first token.
    pub(super) fn opening(&self) -> Option<String> {
        let role = json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null }] });
        self.is_chat.then(|| event(&role))
    }

    /// What comes after the last.
    pub(super) fn closing(&self) -> String {
        let choice = if self.is_chat {
            json!({ "index": 0, "delta": {}, "finish_reason": "length" })
        } else {
            json!({ "index": 0, "text": "", "finish_reason": "length" })
        };
        let mut text = event(&json!({ "choices": [choice] }));
        if let Some(wrong_by) = self.usage {
            let completion = (i64::from(self.tokens) + wrong_by).max(0);
            let prompt = i64::try_from(self.prompt_tokens).unwrap_or(i64::MAX);
            let usage =
                json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt.saturating_add(completion) });
            text.push_str(&event(&json!({ "choices": [], "usage": usage })));
        }
        if self.says_done {
            text.push_str("data: [DONE]\n\n");
        }
        text
    }
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}

fn prompt_tokens(body: &Value) -> u64 {
    let words = |value: &Value| match value {
        Value::String(text) => text.split_whitespace().count(),
        Value::Array(tokens) => tokens.len(),
        _ => 0,
    };
    let messages = body.get("messages").and_then(Value::as_array);
    let count = match messages {
        Some(messages) => messages.iter().filter_map(|message| message.get("content")).map(words).sum(),
        None => body.get("prompt").map_or(0, words),
    };
    count as u64
}
